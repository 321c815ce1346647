/* cache — the last reports of a run, to answer again without working again.
 *
 * Why it exists: a report may get lost with a sink that dies. The ventilator then sends
 * the link again, here if it can, and its report goes out once more from memory. */
#ifndef WORKER_CACHE_H
#define WORKER_CACHE_H

#include <stddef.h>
#include <stdint.h>

typedef struct cache cache;

/* Keeps the last TL_CACHE_REPORTS reports, fewer if they are long. NULL: no memory. */
cache *cache_new(void);
void cache_destroy(cache **self_p);

/* Remember a report, forgetting the oldest if need be. Without memory nothing is
 * remembered: the link would be worked on again. */
void cache_put(cache *self, uint64_t id, const void *frame, size_t size);

/* The report of that link, valid until the next put; NULL if it is not remembered. */
const void *cache_get(const cache *self, uint64_t id, size_t *size);

#endif
