/* idmap — from a number to what is kept under it.
 *
 * Why it exists: every report, heartbeat and settlement names links by id, twenty
 * thousand times a second. Open addressing over pointers: one cache line a look-up. */
#ifndef TL_IDMAP_H
#define TL_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tl_idmap tl_idmap;

/* NULL when memory is out. */
tl_idmap *tl_idmap_new(void);
void tl_idmap_destroy(tl_idmap **self_p); /* not what its pointers point to */

/* The pointer kept under id; NULL if there is none. */
void *tl_idmap_get(const tl_idmap *self, uint64_t id);

/* Keep `value` (not NULL) under an id that is not there yet; false when memory is out. */
bool tl_idmap_put(tl_idmap *self, uint64_t id, void *value);

/* Forget id; nothing happens if it is not there. */
void tl_idmap_drop(tl_idmap *self, uint64_t id);

size_t tl_idmap_size(const tl_idmap *self);

/* Walk: start with *at = 0; NULL at the end. Nothing may be put or dropped meanwhile. */
void *tl_idmap_next(const tl_idmap *self, size_t *at);

#endif
