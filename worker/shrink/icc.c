#include "worker/shrink/icc.h"

#include <string.h>

enum {
    SPACE_AT = 16, /* the colour space of the numbers: "RGB ", "GRAY", "CMYK" */
    TAGS_AT = 128, /* how many tags, then 12 bytes each: name, offset, size */
    TAG_BYTES = 12,
    TAGS = 100, /* real profiles have about 20 */
};

static uint32_t
big_endian(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 |
           at[3];
}

static bool
mentions(const uint8_t *bytes, size_t size, const char *text, size_t length)
{
    return memmem(bytes, size, text, length) != NULL;
}

bool
icc_is_srgb(const uint8_t *bytes, size_t size)
{
    if (size < TAGS_AT + 4 || memcmp(bytes + SPACE_AT, "RGB ", 4) != 0)
        return false;

    uint32_t tags = big_endian(bytes + TAGS_AT);
    const uint8_t *tag = bytes + TAGS_AT + 4;
    const uint8_t *end = bytes + size;

    for (uint32_t i = 0; i < tags && i < TAGS && end - tag >= TAG_BYTES; i++) {
        size_t offset = big_endian(tag + 4);
        size_t length = big_endian(tag + 8);

        if (memcmp(tag, "desc", 4) == 0) {
            /* Version 2 writes it in ASCII, version 4 in UTF-16. */
            return offset <= size && length <= size - offset &&
                   (mentions(bytes + offset, length, "sRGB", 4) ||
                    mentions(bytes + offset, length, "s\0R\0G\0B", 7));
        }
        tag += TAG_BYTES;
    }
    return false;
}
