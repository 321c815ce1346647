#include "worker/cache.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/idmap.h"
#include "proto/limits.h"

enum { CACHE_BYTES = 4 << 20 }; /* ordinary reports take 300 bytes, hostile ones 9 KiB */

typedef struct {
    uint64_t id; /* 0: empty */
    size_t size;
    size_t room; /* kept for the report that takes this place next */
    void *frame;
} entry;

struct cache {
    entry entries[TL_CACHE_REPORTS]; /* a ring */
    size_t next;                     /* where the next one goes */
    size_t oldest;
    size_t rooms; /* of all entries */
    tl_idmap *by_id;
};

cache *
cache_new(void)
{
    cache *self = calloc(1, sizeof *self);

    if (self)
        self->by_id = tl_idmap_new();
    if (self && !self->by_id)
        cache_destroy(&self);
    return self;
}

void
cache_destroy(cache **self_p)
{
    assert(self_p);
    cache *self = *self_p;

    if (!self)
        return;
    for (size_t i = 0; i < TL_CACHE_REPORTS; i++)
        free(self->entries[i].frame);
    tl_idmap_destroy(&self->by_id);
    free(self);
    *self_p = NULL;
}

static void
forget(cache *self, entry *gone, bool release)
{
    if (gone->id != 0)
        tl_idmap_drop(self->by_id, gone->id);
    gone->id = 0;
    if (release) {
        self->rooms -= gone->room;
        free(gone->frame);
        *gone = (entry){0};
    }
}

static bool
make_room(cache *self, entry *here, size_t size)
{
    while (self->rooms + size > CACHE_BYTES && self->oldest != self->next) {
        forget(self, &self->entries[self->oldest], true);
        self->oldest = (self->oldest + 1) % TL_CACHE_REPORTS;
    }
    if (here->room >= size)
        return true;
    void *grown = realloc(here->frame, size);
    if (!grown)
        return false;
    self->rooms += size - here->room;
    here->frame = grown;
    here->room = size;
    return true;
}

void
cache_put(cache *self, uint64_t id, const void *frame, size_t size)
{
    entry *before = tl_idmap_get(self->by_id, id);
    entry *here = &self->entries[self->next];

    if (before)
        forget(self, before, false);
    forget(self, here, false);
    if (!make_room(self, here, size))
        return;
    memcpy(here->frame, frame, size);
    here->size = size;
    if (!tl_idmap_put(self->by_id, id, here))
        return;
    here->id = id;
    self->next = (self->next + 1) % TL_CACHE_REPORTS;
    if (self->next == self->oldest) /* the ring is full: the next put takes its place */
        self->oldest = (self->oldest + 1) % TL_CACHE_REPORTS;
}

const void *
cache_get(const cache *self, uint64_t id, size_t *size)
{
    const entry *found = tl_idmap_get(self->by_id, id);

    if (!found)
        return NULL;
    *size = found->size;
    return found->frame;
}
