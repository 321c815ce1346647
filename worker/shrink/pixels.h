/* pixels — a rectangle of 8-bit samples in memory, rows without gaps.
 *
 * Why it exists: decoding, scaling, turning and encoding hand it to one another. Its
 * memory is kept from picture to picture, since fresh pages cost more than the work on
 * them. */
#ifndef PIXELS_H
#define PIXELS_H

#include "proto/fault.h"
#include "worker/shrink/picture.h"

typedef struct {
    uint8_t *bytes;
    size_t room;
    picture_size size;
    double
        width; /* what the picture covers of it: less where a decoder that leaves out */
    double height;  /* pixels has rounded up. A third of a pixel is a visible shift */
    uint32_t bands; /* samples of a pixel, 1 to 4 */
} pixels;

/* Have room for such a rectangle; what is in it is undefined. TL_DECODE_MEMORY. */
tl_fault pixels_shape(pixels *self, picture_size size, uint32_t bands, tl_error *err);
void pixels_destroy(pixels *self);

/* Give memory back if one large picture made it grow far beyond what most need. */
void pixels_trim(pixels *self);

size_t pixels_stride(const pixels *self);
uint8_t *pixels_row(const pixels *self, uint32_t y);

/* Into `out`, upright: as EXIF orientation 1 to 8 says. */
tl_fault pixels_turn(const pixels *self, unsigned orientation, pixels *out,
                     tl_error *err);

/* Does that orientation swap width and height? */
bool pixels_lie(unsigned orientation);

#endif
