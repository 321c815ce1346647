/* anykind — pictures of every kind we read, by way of libvips, and its only door.
 *
 * Why it exists: PNG, GIF, WebP, AVIF, TIFF and unusual JPEGs come in a thousand forms:
 * palettes, 16 bits, alpha, CMYK, colour profiles. libvips knows them all. It takes
 * longer, and is told the kind, so that it never has to guess (see magic). */
#ifndef ANYKIND_H
#define ANYKIND_H

#include "proto/buf.h"
#include "worker/shrink/pixels.h"

/* Start and stop libvips in this process, which has one thread. It may end the process
 * when memory is out; the exit status is then `memory_status`. */
tl_fault anykind_start(const char *program, int memory_status, tl_error *err);
void anykind_stop(void);

typedef struct {
    picture_size size; /* as stored, before it is turned upright */
    bool lies;         /* turning upright swaps width and height */
    bool whole;        /* its decoder holds the whole picture: interlaced and the like */
    bool alpha;
    uint32_t bands;
} anykind_header;

/* Read the header, nothing more. */
tl_fault anykind_open(picture_kind kind, const uint8_t *bytes, size_t size,
                      anykind_header *header, tl_error *err);

typedef struct {
    picture_kind kind;
    const uint8_t *bytes;
    size_t size;
    anykind_header header; /* from anykind_open */
    picture_size target;   /* upright */
} anykind_job;

/* Decode and shrink, upright, in sRGB. */
tl_fault anykind_read(const anykind_job *job, pixels *out, tl_error *err);

/* Append as PNG or GIF without metadata. */
tl_fault anykind_write(const pixels *in, picture_kind kind, tl_buf *out, tl_error *err);

#endif
