/* picture — the kinds of pictures we read and write, and what is known of one.
 *
 * Why it exists: the worker and its helpers must agree on these words, and the worker
 * must do so without linking any image library. */
#ifndef PICTURE_H
#define PICTURE_H

#include <stdbool.h>
#include <stdint.h>

/* The numbers travel between worker and helper, which are of one release. */
typedef enum {
    PICTURE_NONE,
    PICTURE_JPEG,
    PICTURE_PNG,
    PICTURE_GIF,
    PICTURE_WEBP,
    PICTURE_AVIF,
    PICTURE_TIFF,
    PICTURE_KINDS
} picture_kind;

typedef struct {
    uint32_t width;
    uint32_t height;
} picture_size;

/* Sizes are of the upright picture, its EXIF orientation applied. */
typedef struct {
    picture_kind kind;
    picture_size size;
    picture_kind thumb_kind;
    picture_size thumb_size;
} picture_facts;

/* "jpeg", for reports; "none" out of range. Static. */
const char *picture_label(picture_kind kind);

/* "jpg", for file names; "" if there is none. Static. */
const char *picture_suffix(picture_kind kind);

/* The kind a thumbnail of such a picture has. */
picture_kind picture_thumb_kind(picture_kind kind, bool alpha);

/* The largest size of the same shape that lies within the box: never larger than the
 * picture, never without pixels, rounded as Pillow's Image.thumbnail does it. */
picture_size picture_fit(picture_size picture, picture_size box);

#endif
