#include "ventilator/delays.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_ROOM = 64 };

typedef struct {
    int64_t due_ms;
    uint64_t id;
} place;

struct delays {
    place *heap; /* heap[0] is the earliest; children of i are 2i+1 and 2i+2 */
    size_t size;
    size_t room;
};

delays *
delays_new(void)
{
    return calloc(1, sizeof(delays));
}

void
delays_destroy(delays **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    free((*self_p)->heap);
    free(*self_p);
    *self_p = NULL;
}

static void
swap(place *a, place *b)
{
    place kept = *a;

    *a = *b;
    *b = kept;
}

bool
delays_add(delays *self, uint64_t id, int64_t due_ms)
{
    if (self->size == self->room) {
        size_t room = self->room ? self->room * 2 : FIRST_ROOM;
        place *grown = realloc(self->heap, room * sizeof *grown);

        if (!grown)
            return false;
        self->heap = grown;
        self->room = room;
    }
    size_t at = self->size++;
    self->heap[at] = (place){due_ms, id};
    for (size_t up = (at - 1) / 2;
         at > 0 && self->heap[at].due_ms < self->heap[up].due_ms; up = (at - 1) / 2) {
        swap(&self->heap[at], &self->heap[up]);
        at = up;
    }
    return true;
}

static size_t
earliest_of_three(const delays *self, size_t at)
{
    size_t best = at;

    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < self->size; child++)
        if (self->heap[child].due_ms < self->heap[best].due_ms)
            best = child;
    return best;
}

bool
delays_take(delays *self, int64_t now_ms, uint64_t *id, int64_t *due_ms)
{
    if (self->size == 0 || self->heap[0].due_ms > now_ms)
        return false;
    *id = self->heap[0].id;
    *due_ms = self->heap[0].due_ms;
    self->heap[0] = self->heap[--self->size];
    for (size_t at = 0, best = earliest_of_three(self, 0); best != at;
         best = earliest_of_three(self, at)) {
        swap(&self->heap[at], &self->heap[best]);
        at = best;
    }
    return true;
}

int64_t
delays_first(const delays *self)
{
    return self->size ? self->heap[0].due_ms : -1;
}
