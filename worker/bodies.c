#include "worker/bodies.h"

#include <assert.h>
#include <stdlib.h>

enum {
    SPARES = 128,          /* empty buffers that are kept */
    SPARE_BYTES = 1 << 20, /* larger ones go back to the system: few pictures need them */
    BODY_BYTES = 1 << 30,  /* the most that --body-cap can be; fetch checks the run's */
};

struct bodies {
    uint64_t limit;
    uint64_t used;
    tl_buf *spares[SPARES];
    size_t spare_count;
};

bodies *
bodies_new(uint64_t limit)
{
    bodies *self = calloc(1, sizeof *self);

    if (self)
        self->limit = limit;
    return self;
}

void
bodies_destroy(bodies **self_p)
{
    assert(self_p);
    bodies *self = *self_p;

    if (!self)
        return;
    while (self->spare_count > 0)
        tl_buf_destroy(&self->spares[--self->spare_count]);
    free(self);
    *self_p = NULL;
}

tl_buf *
bodies_take(bodies *self)
{
    if (self->spare_count == 0)
        return tl_buf_new(BODY_BYTES);

    tl_buf *body = self->spares[--self->spare_count];
    self->used += tl_buf_room(body);
    return body;
}

tl_fault
bodies_add(bodies *self, tl_buf *body, const void *bytes, size_t size, tl_error *err)
{
    size_t room = tl_buf_room(body);
    tl_fault fault = tl_buf_add(body, bytes, size, err);

    self->used += tl_buf_room(body) - room;
    return fault;
}

void
bodies_adopt(bodies *self, const tl_buf *body)
{
    self->used += tl_buf_room(body);
}

void
bodies_give(bodies *self, tl_buf **body_p)
{
    if (!*body_p)
        return;
    assert(self->used >= tl_buf_room(*body_p));
    self->used -= tl_buf_room(*body_p);
    if (self->spare_count == SPARES || tl_buf_room(*body_p) > SPARE_BYTES) {
        tl_buf_destroy(body_p);
        return;
    }
    tl_buf_clear(*body_p);
    self->spares[self->spare_count++] = *body_p;
    *body_p = NULL;
}

bool
bodies_full(const bodies *self)
{
    return self->used >= self->limit;
}

uint64_t
bodies_used(const bodies *self)
{
    return self->used;
}
