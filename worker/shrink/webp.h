/* webp — what libvips does not do well for WebP, and the door to libwebp.
 *
 * Why it exists: libvips 8.14 allocates the whole canvas to read a header (38 bytes may
 * claim 1 GiB), and writes EXIF data into every file, stripped or not. */
#ifndef WEBP_H
#define WEBP_H

#include "proto/buf.h"
#include "worker/shrink/pixels.h"

/* The size in the header, without allocating anything for it. */
tl_fault webp_size(const uint8_t *bytes, size_t size, picture_size *found, tl_error *err);

/* Append RGB or RGBA pixels as a WebP without metadata. */
tl_fault webp_write(const pixels *in, tl_buf *out, tl_error *err);

#endif
