/* lines — a file, pipe or argument cut into lines, whatever is in it.
 *
 * Why it exists: lists come with CRLF, a byte order mark, gigabyte lines and no newline
 * at the end. A line that is too long is cut, but all of it goes into its digest, so it
 * has an identity like any other. Nothing is held but one line. */
#ifndef TL_VENTILATOR_LINES_H
#define TL_VENTILATOR_LINES_H

#include "proto/digest.h"
#include "ventilator/inflate.h"

typedef struct lines lines;

typedef struct {
    const char *text; /* trimmed, ended by NUL (it may hold NULs of its own) */
    size_t size;
    bool cut;                     /* it was longer than TL_URL_BYTES */
    uint64_t number;              /* from 1 */
    uint8_t sha256[TL_SHA_BYTES]; /* of the line as it stands in the list, trimmed, where
                                     it is not cut */
} line;

/* Reads fd, which is closed by lines_destroy. NULL when memory is out (fd is closed). */
lines *lines_new(int fd);
void lines_destroy(lines **self_p);

/* The next line that is neither blank nor a comment. INFLATE_BYTES: there is one, valid
 * until the next call; the rest as inflater_read. */
inflate_result lines_next(lines *self, line *out, tl_error *err);

/* The descriptor, to poll. */
int lines_fd(const lines *self);

/* Lines passed so far, the blank ones and comments too; bytes taken from the file. */
uint64_t lines_passed(const lines *self);
uint64_t lines_taken(const lines *self);

#endif
