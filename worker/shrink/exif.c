#include "worker/shrink/exif.h"

#include <stdbool.h>
#include <string.h>

enum {
    UPRIGHT = 1,
    ORIENTATIONS = 8,
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    ENTRY_BYTES = 12,
};

/* A TIFF inside the marker: byte order, then offsets that count from its start. */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    bool big;
} tiff;

/* Past the end is 0, which is no tag, no type and no orientation. */
static uint32_t
number(const tiff *self, size_t at, size_t width)
{
    uint32_t value = 0;

    if (at > self->size || self->size - at < width)
        return 0;
    for (size_t i = 0; i < width; i++)
        value = value << 8 | self->bytes[at + (self->big ? i : width - 1 - i)];
    return value;
}

unsigned
exif_orientation(const uint8_t *bytes, size_t size)
{
    enum { HEAD = 6 };

    if (size < HEAD + 8 || memcmp(bytes, "Exif\0\0", HEAD) != 0)
        return UPRIGHT;

    tiff data = {bytes + HEAD, size - HEAD, bytes[HEAD] == 'M'};
    size_t directory = number(&data, 4, 4);
    size_t entries = number(&data, directory, 2);

    for (size_t i = 0; i < entries; i++) {
        size_t entry = directory + 2 + i * ENTRY_BYTES;

        if (number(&data, entry, 2) == TAG_ORIENTATION &&
            number(&data, entry + 2, 2) == TYPE_SHORT) {
            uint32_t value = number(&data, entry + 8, 2);

            return value >= UPRIGHT && value <= ORIENTATIONS ? value : UPRIGHT;
        }
    }
    return UPRIGHT;
}
