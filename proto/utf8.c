#include "proto/utf8.h"

/* What a first byte announces: how many bytes follow it, and the range of the first of
 * those, which keeps out over-long forms, surrogates and what is beyond Unicode. */
static const struct {
    uint8_t first, last;
    uint8_t tails;
    uint8_t least, most;
} heads[] = {
    {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

size_t
tl_utf8_length(const uint8_t *at, size_t size)
{
    size_t row = 0;

    while (row < sizeof heads / sizeof heads[0] &&
           !(size > 0 && at[0] >= heads[row].first && at[0] <= heads[row].last))
        row++;
    if (row == sizeof heads / sizeof heads[0] || heads[row].tails >= size)
        return 0;
    for (size_t i = 1; i <= heads[row].tails; i++) {
        uint8_t least = i == 1 ? heads[row].least : 0x80;
        uint8_t most = i == 1 ? heads[row].most : 0xbf;

        if (at[i] < least || at[i] > most)
            return 0;
    }
    return heads[row].tails + (size_t) 1;
}

bool
tl_utf8_valid(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        /* Links are nearly always ASCII: one comparison a byte for those. */
        if (bytes[i] != 0 && bytes[i] < 0x80) {
            i++;
            continue;
        }
        size_t n = tl_utf8_length(bytes + i, size - i);
        if (n == 0 || bytes[i] == 0)
            return false;
        i += n;
    }
    return true;
}
