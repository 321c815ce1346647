/* fault — failures as values: what went wrong, in a word for programs and a sentence
 * for people.
 *
 * Why it exists: a downloader meets trouble all day. The code to act on and the text
 * to read travel together in a tl_error; each level may add what only it knows, and
 * exactly one place, the handler that decides what happens next, logs it. */
#ifndef TL_FAULT_H
#define TL_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
#define FAULT(name, number, label, retry, text) TL_##name = (number),
#include "proto/fault.def"
#undef FAULT
} tl_fault;

/* What to do with a link that ended with a fault. */
typedef enum { TL_RETRY_NEVER, TL_RETRY_ONCE, TL_RETRY_TRIES } tl_retry;

/* How a link ended. The numbers travel and are stored: append only. */
typedef enum {
    TL_PENDING = 0, /* not yet ended */
    TL_DONE = 1,
    TL_FAILED = 2,
    TL_LOST = 3,
    TL_SKIPPED = 4,
    TL_DUPLICATE = 5,
    TL_UNCHANGED = 6,
    TL_CANCELLED = 7,
    TL_VERDICTS = 8 /* how many there are */
} tl_verdict;

enum { TL_ERROR_TEXT_BYTES = 1024 };

typedef struct {
    tl_fault fault;
    char text[TL_ERROR_TEXT_BYTES];
} tl_error;

/* "timeout"; "unknown" for a number that no row has. Static, never NULL. */
const char *tl_fault_label(tl_fault fault);

/* One sentence for people: what it means and what to do. Static. */
const char *tl_fault_meaning(tl_fault fault);
tl_retry tl_fault_retry(tl_fault fault);

/* Is this a fault that may end a link? (Numbers from a peer are checked with it.) */
bool tl_fault_ends_link(uint64_t number);

/* The fault with that label; false if there is none. */
bool tl_fault_by_label(const char *label, tl_fault *fault);

/* Row `index` of the table, for lists and documents; false past its end. */
bool tl_fault_at(size_t index, tl_fault *fault);

/* "done", "failed", ...; "unknown" out of range. Static. */
const char *tl_verdict_label(tl_verdict verdict);

/* Set err, and return fault, so that a function can `return tl_fail(...)`. */
tl_fault tl_fail(tl_error *err, tl_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with ": strerror(errno)" at the end. */
tl_fault tl_fail_errno(tl_error *err, tl_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "<what we were doing>: " before the text that is there; returns err->fault. */
tl_fault tl_within(tl_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Exit codes, the same for every program (DESIGN and the man pages list them). */
enum {
    TL_EXIT_DONE = 0,         /* every link is done, skipped, unchanged or a duplicate */
    TL_EXIT_SOME_FAILED = 1,  /* finished, some links failed or are lost */
    TL_EXIT_USAGE = 2,        /* an option is wrong */
    TL_EXIT_CUT_SHORT = 3,    /* stopped by a signal or --timeout; can be resumed */
    TL_EXIT_CANNOT_START = 4, /* a port, file, program or record is missing or unusable */
};

/* The exit code that an error deserves: TL_EXIT_USAGE or TL_EXIT_CANNOT_START. */
int tl_exit_code(const tl_error *err);

#endif
