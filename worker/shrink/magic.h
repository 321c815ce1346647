/* magic — what the first bytes say a picture is, before any library sees them.
 *
 * Why it exists: asking libvips what some bytes are runs the sniffers of all its loaders,
 * blocked ones included, and 31 bytes of gzip make one of them spin for ever. A PNG of 57
 * bytes makes its decoder clear 1 GiB while it reads the header. So bytes come to
 * libvips only with a kind we know, and PNG only with chunks that fit into the file. */
#ifndef MAGIC_H
#define MAGIC_H

#include "proto/fault.h"
#include "worker/shrink/picture.h"

/* The kind by the first bytes; PICTURE_NONE if it is none that we read. */
picture_kind magic_kind(const uint8_t *bytes, size_t size);

/* The kind, if the bytes may be shown to a decoder. TL_NOT_AN_IMAGE, TL_TRUNCATED or
 * TL_DECODE_FAILED if they may not; *kind is set all the same. */
tl_fault magic_check(const uint8_t *bytes, size_t size, picture_kind *kind,
                     tl_error *err);

#endif
