/* buf — bytes that grow up to a ceiling named at birth.
 *
 * Why it exists: everything that arrives from outside lands in one of these, and what
 * has a ceiling cannot eat the machine. */
#ifndef TL_BUF_H
#define TL_BUF_H

#include "proto/fault.h"

typedef struct tl_buf tl_buf;

/* An empty buffer of at most `ceiling` bytes; NULL when memory is out. */
tl_buf *tl_buf_new(size_t ceiling);
void tl_buf_destroy(tl_buf **self_p);

/* Append; TL_TOO_LARGE at the ceiling, TL_NO_MEMORY; unchanged on failure. */
tl_fault tl_buf_add(tl_buf *self, const void *bytes, size_t size, tl_error *err);

/* Forget the content, keep the memory for the next use. */
void tl_buf_clear(tl_buf *self);

/* Valid until the next add, clear or destroy. */
const uint8_t *tl_buf_bytes(const tl_buf *self);
size_t tl_buf_size(const tl_buf *self);

/* How many bytes of memory it holds, used or not. */
size_t tl_buf_room(const tl_buf *self);

#endif
