/* exif — which way up a camera held itself.
 *
 * Why it exists: half of all photographs from phones lie on their side until somebody
 * reads one number in their EXIF data. That one number is all we take from it. */
#ifndef EXIF_H
#define EXIF_H

#include <stddef.h>
#include <stdint.h>

/* The orientation, 1 to 8, in the data of a JPEG's APP1 marker; 1 (upright) where there
 * is none or it makes no sense. */
unsigned exif_orientation(const uint8_t *bytes, size_t size);

#endif
