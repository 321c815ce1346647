/* inflate — the bytes of a file or pipe, unpacked if they are gzip.
 *
 * Why it exists: lists are large and are kept packed. What it is shows in the first two
 * bytes, not in the name, so standard input may be packed as well. */
#ifndef TL_VENTILATOR_INFLATE_H
#define TL_VENTILATOR_INFLATE_H

#include "proto/fault.h"

typedef struct inflater inflater;

/* Reads from fd, which stays the caller's. NULL when memory is out. */
inflater *inflater_new(int fd);
void inflater_destroy(inflater **self_p);

typedef enum { INFLATE_BYTES, INFLATE_WAIT, INFLATE_END, INFLATE_FAILED } inflate_result;

/* The next bytes, at most `room`. INFLATE_WAIT: a pipe has none at the moment. */
inflate_result inflater_read(inflater *self, uint8_t *out, size_t room, size_t *size,
                             tl_error *err);

/* Bytes taken from the descriptor so far, packed as they were. */
uint64_t inflater_taken(const inflater *self);

#endif
