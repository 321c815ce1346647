/* exif and icc: one number and one word out of hostile tables. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"
#include "worker/shrink/exif.h"
#include "worker/shrink/icc.h"

#define BYTES(text) (const uint8_t *) (text), sizeof(text) - 1

static void
the_orientation_is_found_or_is_upright(void **state)
{
    static const struct {
        const char *name;
        const uint8_t *bytes;
        size_t size;
        unsigned orientation;
    } cases[] = {
        {"little-endian", BYTES("Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0"),
         6},
        {"big-endian", BYTES("Exif\0\0MM\0*\0\0\0\10\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0"),
         8},
        {"behind another entry",
         BYTES("Exif\0\0II*\0\10\0\0\0\2\0\x0f\1\2\0\1\0\0\0\0\0\0\0"
               "\x12\1\3\0\1\0\0\0\3\0\0\0"),
         3},
        {"zero", BYTES("Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\0\0\0\0"), 1},
        {"nine", BYTES("Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0\x09\0\0\0"), 1},
        {"of another type", BYTES("Exif\0\0II*\0\10\0\0\0\1\0\x12\1\4\0\1\0\0\0\6\0\0\0"),
         1},
        {"cut off", BYTES("Exif\0\0II*\0\10\0\0\0\1\0\x12\1\3\0\1\0\0\0"), 1},
        {"directory behind the end", BYTES("Exif\0\0II*\0\xff\xff\xff\xff\1\0\x12\1"), 1},
        {"65535 entries that are not there", BYTES("Exif\0\0II*\0\10\0\0\0\xff\xff\0\0"),
         1},
        {"not Exif", BYTES("http://ns.adobe.com/xap/1.0/\0"), 1},
        {"nothing", BYTES(""), 1},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (exif_orientation(cases[i].bytes, cases[i].size) != cases[i].orientation)
            fail_msg("%s: %u", cases[i].name,
                     exif_orientation(cases[i].bytes, cases[i].size));
}

/* A profile of one tag, whose data follows at once. */
static size_t
make_profile(uint8_t *bytes, const char *space, const char *tag, const void *data,
             uint8_t size)
{
    memset(bytes, 0, 256);
    memcpy(bytes + 16, space, 4);
    bytes[131] = 1;
    memcpy(bytes + 132, tag, 4);
    bytes[139] = 144;
    bytes[143] = size;
    memcpy(bytes + 144, data, size);
    return 144 + (size_t) size;
}

static void
only_a_description_makes_a_profile_srgb(void **state)
{
    uint8_t bytes[256];
    size_t size;

    (void) state;
    size = make_profile(bytes, "RGB ", "desc", "desc\0\0\0\0\0\0\0\x12sRGB IEC61966", 26);
    assert_true(icc_is_srgb(bytes, size));
    size = make_profile(bytes, "RGB ", "desc", "mluc\0s\0R\0G\0B\0", 14);
    assert_true(icc_is_srgb(bytes, size));
    size = make_profile(bytes, "RGB ", "desc", "Display P3", 10);
    assert_false(icc_is_srgb(bytes, size));
    size = make_profile(bytes, "RGB ", "cprt", "like sRGB", 9);
    assert_false(icc_is_srgb(bytes, size));
    size = make_profile(bytes, "GRAY", "desc", "sRGB", 4);
    assert_false(icc_is_srgb(bytes, size));
}

static void
a_profile_cut_off_anywhere_is_not_srgb(void **state)
{
    uint8_t bytes[256];
    size_t whole = make_profile(bytes, "RGB ", "desc", "sRGB", 4);

    (void) state;
    for (size_t size = 0; size < whole; size++) {
        uint8_t *exact = malloc(size + 1); /* so that a read behind it is seen */

        assert_non_null(exact);
        memcpy(exact, bytes, size);
        assert_false(icc_is_srgb(exact, size));
        free(exact);
    }
    memset(bytes + 128, 0xff, 16); /* four thousand million tags, far away */
    assert_false(icc_is_srgb(bytes, whole));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_orientation_is_found_or_is_upright),
        cmocka_unit_test(only_a_description_makes_a_profile_srgb),
        cmocka_unit_test(a_profile_cut_off_anywhere_is_not_srgb),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
