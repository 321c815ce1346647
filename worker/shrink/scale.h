/* scale — pixels made fewer, by Lanczos-3 in fixed point.
 *
 * Why it exists: between a scaled JPEG decode and a thumbnail there is a factor of two
 * to four, and libvips' pipeline around its resize costs more than the resize. The result
 * is the same within rounding; a test holds them together. */
#ifndef SCALE_H
#define SCALE_H

#include "worker/shrink/pixels.h"

/* Into `out`, at `size`; `between` is memory to work in, kept by the caller. Grey or
 * RGB. */
tl_fault scale(const pixels *in, picture_size size, pixels *between, pixels *out,
               tl_error *err);

#endif
