/* source — the links of a run, one after the other, out of everything that was named.
 *
 * Why it exists: files, gzip, standard input and arguments look the same from here on,
 * and nobody ever holds the list. Lines that are not links come out too, with their
 * fault, to be recorded as failed: nothing stops the list. */
#ifndef TL_VENTILATOR_SOURCE_H
#define TL_VENTILATOR_SOURCE_H

#include "proto/fault.h"
#include "proto/limits.h"

typedef struct source source;

typedef struct {
    uint32_t source; /* which of the names, from 0 */
    uint64_t line;   /* in it, from 1 */
    const char *url; /* escaped and cut if fault is not TL_OK; ended by NUL */
    size_t url_size;
    tl_fault fault; /* TL_OK, URL_INVALID, SCHEME_BLOCKED, CREDENTIALS */
    uint8_t key[TL_KEY_BYTES];
    char name[TL_NAME_BYTES + 1]; /* wanted for its file; "" if fault is not TL_OK */
} source_link;

typedef enum { SOURCE_LINK, SOURCE_WAIT, SOURCE_END, SOURCE_FAILED } source_result;

/* Open what the words name: "-" is standard input, what has "://" in it is a link, the
 * rest are files. `run` goes into each key. TL_CANNOT_START names what cannot be read. */
source *source_new(const char *const *words, size_t count,
                   const uint8_t run[TL_SHA_BYTES], tl_error *err);
void source_destroy(source **self_p);

/* The next link, valid until the next call. SOURCE_WAIT: poll source_fd. */
source_result source_next(source *self, source_link *link, tl_error *err);

/* The descriptor to poll after SOURCE_WAIT. */
int source_fd(const source *self);

/* Can a restarted ventilator read it all again? Not if standard input or a pipe is among
 * it. */
bool source_is_rereadable(const source *self);

/* For displays: bytes read and in all (0: unknown), lines passed. */
uint64_t source_read_bytes(const source *self);
uint64_t source_total_bytes(const source *self);
uint64_t source_lines(const source *self);

#endif
