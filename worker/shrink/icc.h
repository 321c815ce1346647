/* icc — is a colour profile the sRGB that everybody assumes anyway?
 *
 * Why it exists: a quarter of the web's JPEGs carry an sRGB profile. Their numbers mean
 * what unmarked numbers mean, so they need no colour conversion and may go the fast
 * way. */
#ifndef ICC_H
#define ICC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does the profile describe itself as sRGB? Only its description counts: the copyright
 * line of many other profiles mentions sRGB too. */
bool icc_is_srgb(const uint8_t *bytes, size_t size);

#endif
