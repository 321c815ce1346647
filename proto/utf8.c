#include "proto/utf8.h"

static bool
is_tail(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t
tl_utf8_length(const uint8_t *at, size_t size)
{
    if (size == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    if (at[0] >= 0xc2 && at[0] < 0xe0)
        return size > 1 && is_tail(at[1]) ? 2 : 0;
    if (at[0] >= 0xe0 && at[0] < 0xf0) {
        if (size < 3 || !is_tail(at[1]) || !is_tail(at[2]))
            return 0;
        bool overlong = at[0] == 0xe0 && at[1] < 0xa0;
        bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (at[0] >= 0xf0 && at[0] < 0xf5) {
        if (size < 4 || !is_tail(at[1]) || !is_tail(at[2]) || !is_tail(at[3]))
            return 0;
        bool overlong = at[0] == 0xf0 && at[1] < 0x90;
        bool beyond = at[0] == 0xf4 && at[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
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
