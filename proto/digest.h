/* digest — SHA-256, whole or piece by piece.
 *
 * Why it exists: a link's key, a run's name and a picture's checksum are all SHA-256;
 * OpenSSL uses the processor's instructions for it and is included only here. */
#ifndef TL_DIGEST_H
#define TL_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

typedef struct tl_digest tl_digest;

/* NULL when memory is out. One object makes any number of digests. */
tl_digest *tl_digest_new(void);
void tl_digest_destroy(tl_digest **self_p);

/* start, add as often as needed, finish. */
void tl_digest_start(tl_digest *self);
void tl_digest_add(tl_digest *self, const void *bytes, size_t size);
void tl_digest_finish(tl_digest *self, uint8_t sha256[TL_SHA_BYTES]);

/* Lower-case hex of `size` bytes; out has room for 2 * size + 1. Returns out. */
char *tl_hex(const uint8_t *bytes, size_t size, char *out);

#endif
