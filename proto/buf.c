#include "proto/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256 };

struct tl_buf {
    uint8_t *bytes;
    size_t size;
    size_t room;
    size_t ceiling;
};

tl_buf *
tl_buf_new(size_t ceiling)
{
    tl_buf *self = calloc(1, sizeof *self);

    if (self)
        self->ceiling = ceiling;
    return self;
}

void
tl_buf_destroy(tl_buf **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    free((*self_p)->bytes);
    free(*self_p);
    *self_p = NULL;
}

static size_t
next_room(const tl_buf *self, size_t needed)
{
    size_t room = self->room ? self->room : FIRST_BYTES;

    while (room < needed)
        room = room > self->ceiling / 2 ? self->ceiling : room * 2;
    return room;
}

tl_fault
tl_buf_add(tl_buf *self, const void *bytes, size_t size, tl_error *err)
{
    /* Subtract, never add: size may come from outside and self->size + size could wrap.
     */
    if (size > self->ceiling - self->size)
        return tl_fail(err, TL_TOO_LARGE, "more than %zu bytes", self->ceiling);
    if (size > self->room - self->size) {
        size_t room = next_room(self, self->size + size);
        uint8_t *grown = realloc(self->bytes, room);

        if (!grown)
            return tl_fail(err, TL_NO_MEMORY, "growing a buffer to %zu bytes", room);
        self->bytes = grown;
        self->room = room;
    }
    if (size > 0)
        memcpy(self->bytes + self->size, bytes, size);
    self->size += size;
    return TL_OK;
}

void
tl_buf_clear(tl_buf *self)
{
    self->size = 0;
}

const uint8_t *
tl_buf_bytes(const tl_buf *self)
{
    return self->bytes;
}

size_t
tl_buf_size(const tl_buf *self)
{
    return self->size;
}

size_t
tl_buf_room(const tl_buf *self)
{
    return self->room;
}
