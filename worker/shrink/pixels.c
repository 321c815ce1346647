#include "worker/shrink/pixels.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_BYTES = 16 << 20 }; /* a 12-megapixel photograph is decoded into 1 MiB */

tl_fault
pixels_shape(pixels *self, picture_size size, uint32_t bands, tl_error *err)
{
    size_t needed = (size_t) size.width * size.height * bands; /* at most 2^34 */

    assert(bands >= 1 && bands <= 4);
    if (needed > self->room) {
        free(self->bytes);
        self->bytes = malloc(needed);
        self->room = self->bytes ? needed : 0;
        if (!self->bytes)
            return tl_fail(err, TL_DECODE_MEMORY, "%zu bytes of pixels", needed);
    }
    self->size = size;
    self->width = size.width;
    self->height = size.height;
    self->bands = bands;
    return TL_OK;
}

void
pixels_destroy(pixels *self)
{
    free(self->bytes);
    *self = (pixels){0};
}

void
pixels_trim(pixels *self)
{
    if (self->room > KEEP_BYTES)
        pixels_destroy(self);
}

size_t
pixels_stride(const pixels *self)
{
    return (size_t) self->size.width * self->bands;
}

uint8_t *
pixels_row(const pixels *self, uint32_t y)
{
    return self->bytes + y * pixels_stride(self);
}

bool
pixels_lie(unsigned orientation)
{
    return orientation >= 5;
}

/* Where the pixels of an orientation's picture come from, seen from the upright one. */
typedef struct {
    bool from_right;
    bool from_bottom;
    bool lies;
} turn;

static const turn turns[] = {
    [1] = {false, false, false}, [2] = {true, false, false}, [3] = {true, true, false},
    [4] = {false, true, false},  [5] = {false, false, true}, [6] = {false, true, true},
    [7] = {true, true, true},    [8] = {true, false, true},
};

/* The pixel that belongs at (x, y) of the upright picture. */
static const uint8_t *
origin(const pixels *self, turn how, uint32_t x, uint32_t y)
{
    uint32_t column = how.lies ? y : x;
    uint32_t row = how.lies ? x : y;

    if (how.from_right)
        column = self->size.width - 1 - column;
    if (how.from_bottom)
        row = self->size.height - 1 - row;
    return pixels_row(self, row) + (size_t) column * self->bands;
}

tl_fault
pixels_turn(const pixels *self, unsigned orientation, pixels *out, tl_error *err)
{
    assert(orientation >= 1 && orientation < sizeof turns / sizeof turns[0]);

    turn how = turns[orientation];
    picture_size upright = self->size;

    if (how.lies)
        upright = (picture_size){self->size.height, self->size.width};
    if (pixels_shape(out, upright, self->bands, err) != TL_OK)
        return err->fault;

    uint8_t *to = out->bytes;
    for (uint32_t y = 0; y < upright.height; y++)
        for (uint32_t x = 0; x < upright.width; x++, to += self->bands)
            memcpy(to, origin(self, how, x, y), self->bands);
    return TL_OK;
}
