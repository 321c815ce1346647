/* names — what the two files of a link are called.
 *
 * Why it exists: the wanted name comes with the task, its ending from a URL. Bytes decide
 * what a picture is, so the endings have to agree with the types that were found, and no
 * name may leave the folder, hide in it or be too long for it, whoever asks. */
#ifndef WORKER_NAMES_H
#define WORKER_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/limits.h"

enum { NAME_ROOM = 256 }; /* a file system's 255 and the NUL */

typedef struct {
    char original[NAME_ROOM];  /* photo.jpg */
    char thumbnail[NAME_ROOM]; /* photo_thumbnail.jpg */
} names;

/* May a file be created under that name? No path, no control byte, not hidden, 1 to
 * TL_NAME_BYTES long. The ventilator has made it so; a peer may lie. */
bool name_is_safe(const char *name);

/* The names for a wanted name and the types ("jpeg", "png", ...) that were found. With a
 * key the first 8 hex digits of it come after the stem: photo-0123abcd.jpg. */
void names_make(names *self, const char *wanted, const char *source_type,
                const char *thumb_type, const uint8_t *key);

#endif
