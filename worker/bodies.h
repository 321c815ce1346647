/* bodies — buffers for pictures on their way, and the memory they may take.
 *
 * Why it exists: 32 transfers of 32 MiB are a gigabyte. Instead of hoping that pictures
 * are small, every byte of a body is counted from its arrival until its files are
 * written; at the limit transfers wait. Buffers are used again, since fresh pages cost
 * more time than the download itself. */
#ifndef WORKER_BODIES_H
#define WORKER_BODIES_H

#include "proto/buf.h"

typedef struct bodies bodies;

/* `limit` is --memory; a single body may pass it, so that there is always progress. */
bodies *bodies_new(uint64_t limit);
void bodies_destroy(bodies **self_p);

/* An empty buffer; NULL when memory is out. */
tl_buf *bodies_take(bodies *self);

/* Append and count. */
tl_fault bodies_add(bodies *self, tl_buf *body, const void *bytes, size_t size,
                    tl_error *err);

/* Count a body that was filled elsewhere. */
void bodies_adopt(bodies *self, const tl_buf *body);

/* Back to the pool, counted no more. Nothing happens for NULL. */
void bodies_give(bodies *self, tl_buf **body_p);

/* Is the memory used up? Then nothing new begins and only the oldest goes on. */
bool bodies_full(const bodies *self);

/* Bytes of memory that bodies hold now. */
uint64_t bodies_used(const bodies *self);

#endif
