#include "proto/idmap.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_ROOM = 1024 }; /* a power of two, as all that follow */

typedef struct {
    uint64_t id;
    void *value; /* NULL: free */
} slot;

struct tl_idmap {
    slot *slots;
    size_t room;
    size_t size;
};

tl_idmap *
tl_idmap_new(void)
{
    tl_idmap *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->room = FIRST_ROOM;
    self->slots = calloc(self->room, sizeof *self->slots);
    if (!self->slots)
        tl_idmap_destroy(&self);
    return self;
}

void
tl_idmap_destroy(tl_idmap **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    free((*self_p)->slots);
    free(*self_p);
    *self_p = NULL;
}

/* Ids are nearly consecutive; the multiplication spreads them so that a window of them
 * that wraps around does not pile up. */
static size_t
home(const tl_idmap *self, uint64_t id)
{
    return (size_t) ((id * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (self->room - 1);
}

static size_t
seek(const tl_idmap *self, uint64_t id)
{
    size_t at = home(self, id);

    while (self->slots[at].value && self->slots[at].id != id)
        at = (at + 1) & (self->room - 1);
    return at;
}

void *
tl_idmap_get(const tl_idmap *self, uint64_t id)
{
    return self->slots[seek(self, id)].value;
}

static bool
grow(tl_idmap *self)
{
    tl_idmap bigger = {.room = self->room * 2, .size = self->size};

    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < self->room; i++)
        if (self->slots[i].value)
            bigger.slots[seek(&bigger, self->slots[i].id)] = self->slots[i];
    free(self->slots);
    *self = bigger;
    return true;
}

bool
tl_idmap_put(tl_idmap *self, uint64_t id, void *value)
{
    assert(value);
    if (self->size >= self->room / 2 && !grow(self))
        return false;
    size_t at = seek(self, id);
    assert(!self->slots[at].value);
    self->slots[at] = (slot){id, value};
    self->size++;
    return true;
}

void
tl_idmap_drop(tl_idmap *self, uint64_t id)
{
    size_t mask = self->room - 1;
    size_t hole = seek(self, id);

    if (!self->slots[hole].value)
        return;
    /* Move back what a search would no longer reach across the hole. */
    for (size_t at = (hole + 1) & mask; self->slots[at].value; at = (at + 1) & mask) {
        size_t from_home = (at - home(self, self->slots[at].id)) & mask;

        if (from_home >= ((at - hole) & mask)) {
            self->slots[hole] = self->slots[at];
            hole = at;
        }
    }
    self->slots[hole].value = NULL;
    self->size--;
}

size_t
tl_idmap_size(const tl_idmap *self)
{
    return self->size;
}

void *
tl_idmap_next(const tl_idmap *self, size_t *at)
{
    while (*at < self->room) {
        void *value = self->slots[(*at)++].value;

        if (value)
            return value;
    }
    return NULL;
}
