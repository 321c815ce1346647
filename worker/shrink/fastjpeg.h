/* fastjpeg — the fast way for plain JPEGs, and the door to libjpeg.
 *
 * Why it exists: nine pictures in ten are JPEGs of 8-bit grey or YCbCr. libjpeg can
 * decode them at an eighth, a quarter or half their size in a fraction of the time; with
 * nothing else in the way this takes half the CPU of libvips' whole pipeline. */
#ifndef FASTJPEG_H
#define FASTJPEG_H

#include "proto/buf.h"
#include "worker/shrink/pixels.h"

typedef struct fastjpeg fastjpeg;

typedef struct {
    picture_size size; /* as stored, before it is turned upright */
    unsigned orientation;
    bool plain; /* may go the fast way: neither CMYK nor in a colour space of its own */
    bool scans; /* progressive or the like: its decoder holds every coefficient */
} fastjpeg_header;

/* A decoder and encoder for one picture after the other; NULL when memory is out. */
fastjpeg *fastjpeg_new(void);
void fastjpeg_destroy(fastjpeg **self_p);

/* Read the header. The bytes must live until the picture has been read or another one is
 * opened. */
tl_fault fastjpeg_open(fastjpeg *self, const uint8_t *bytes, size_t size,
                       fastjpeg_header *header, tl_error *err);

/* Decode what was opened, at the smallest scale that leaves at least twice `target`, so
 * that the rest can be done by a good filter. TL_TRUNCATED if the bytes end early. */
tl_fault fastjpeg_read(fastjpeg *self, picture_size target, pixels *out, tl_error *err);

/* Append grey or RGB pixels as a JPEG without metadata. */
tl_fault fastjpeg_write(fastjpeg *self, const pixels *in, tl_buf *out, tl_error *err);

#endif
