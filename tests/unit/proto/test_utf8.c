/* utf8: text, and all the ways in which bytes are not text. */
#include <stdio.h>
#include <string.h>

#include "proto/utf8.h"
#include "tests/support/unit.h"

static const struct {
    const char *what;
    const char *bytes;
    size_t size;
    size_t length; /* of the first character; 0: malformed */
    bool valid;    /* the whole */
} cases[] = {
    {"nothing", "", 0, 0, true},
    {"ASCII", "abc", 3, 1, true},
    {"delete is a character", "\x7f", 1, 1, true},
    {"NUL is a character, not text", "\0", 1, 1, false},
    {"NUL in the middle", "a\0b", 3, 1, false},
    {"two bytes", "\xc3\xbc", 2, 2, true},
    {"the first of two bytes", "\xc2\x80", 2, 2, true},
    {"three bytes", "\xe2\x82\xac", 3, 3, true},
    {"the first of three bytes", "\xe0\xa0\x80", 3, 3, true},
    {"below the surrogates", "\xed\x9f\xbf", 3, 3, true},
    {"above the surrogates", "\xee\x80\x80", 3, 3, true},
    {"four bytes", "\xf0\x9f\x96\xbc", 4, 4, true},
    {"the first of four bytes", "\xf0\x90\x80\x80", 4, 4, true},
    {"the last character of all", "\xf4\x8f\xbf\xbf", 4, 4, true},
    {"ASCII, then a broken one", "abc\xff", 4, 1, false},
    {"a tail alone", "\x80", 1, 0, false},
    {"over-long slash", "\xc0\xaf", 2, 0, false},
    {"over-long in two bytes", "\xc1\xbf", 2, 0, false},
    {"over-long in three bytes", "\xe0\x9f\xbf", 3, 0, false},
    {"over-long in four bytes", "\xf0\x8f\xbf\xbf", 4, 0, false},
    {"over-long NUL", "\xc0\x80", 2, 0, false},
    {"the first surrogate", "\xed\xa0\x80", 3, 0, false},
    {"the last surrogate", "\xed\xbf\xbf", 3, 0, false},
    {"beyond the last character", "\xf4\x90\x80\x80", 4, 0, false},
    {"a lead that never was", "\xf5\x80\x80\x80", 4, 0, false},
    {"0xff", "\xff", 1, 0, false},
    {"cut after one of two", "\xc3", 1, 0, false},
    {"cut after two of three", "\xe2\x82", 2, 0, false},
    {"cut after three of four", "\xf0\x9f\x96", 3, 0, false},
    {"a lead instead of a tail", "\xc3\xc3", 2, 0, false},
    {"ASCII instead of the last tail", "\xf0\x9f\x96z", 4, 0, false},
};

static void
each_row_is_judged_so(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint8_t *bytes = (const uint8_t *) cases[i].bytes;

        if (tl_utf8_length(bytes, cases[i].size) != cases[i].length ||
            tl_utf8_valid(bytes, cases[i].size) != cases[i].valid)
            fail_msg("%s", cases[i].what);
    }
}

/* Every character there is, written by the definition. */
static size_t
write_character(uint32_t c, uint8_t *out)
{
    if (c < 0x80) {
        out[0] = (uint8_t) c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t) (0x80 | (c & 0x3f));
    out[0] = (uint8_t) (lead[size] | c);
    return size;
}

static void
every_character_there_is_is_text(void **state)
{
    uint8_t bytes[4];

    (void) state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        size_t size = write_character(c, bytes);
        bool surrogate = c >= 0xd800 && c < 0xe000;

        if (tl_utf8_length(bytes, size) != (surrogate ? 0 : size) ||
            tl_utf8_valid(bytes, size) == surrogate)
            fail_msg("U+%04X", c);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_row_is_judged_so),
        cmocka_unit_test(every_character_there_is_is_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
