/* scale and pixels: fewer pixels, and the right way up. */
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "worker/shrink/scale.h"

static void
make(pixels *self, uint32_t width, uint32_t height, uint32_t bands)
{
    tl_error err;

    assert_int_equal(pixels_shape(self, (picture_size){width, height}, bands, &err),
                     TL_OK);
}

static void
scaled(const pixels *in, uint32_t width, uint32_t height, pixels *out)
{
    TL_SCOPED(pixels_destroy) pixels between = {0};
    tl_error err;

    assert_int_equal(scale(in, (picture_size){width, height}, &between, out, &err),
                     TL_OK);
    assert_int_equal(out->size.width, width);
    assert_int_equal(out->size.height, height);
    assert_int_equal(out->bands, in->bands);
}

/* Lanczos swings; what has no edges must come out without any, to the last bit. */
static void
one_colour_stays_that_colour_at_every_ratio(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 7, 100, 256, 1000, 8188};
    TL_SCOPED(pixels_destroy) pixels in = {0};
    TL_SCOPED(pixels_destroy) pixels out = {0};

    (void) state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (uint32_t to = 1; to <= 100 && to <= sizes[i]; to += 11) {
            make(&in, sizes[i], 3, 3);
            for (size_t at = 0; at < pixels_stride(&in) * 3; at++)
                in.bytes[at] = (uint8_t) (40 + at % 3 * 100);
            scaled(&in, to, 2, &out);
            for (size_t at = 0; at < pixels_stride(&out) * 2; at++)
                assert_int_equal(out.bytes[at], 40 + at % 3 * 100);
        }
}

static void
the_same_size_is_the_same_picture(void **state)
{
    TL_SCOPED(pixels_destroy) pixels in = {0};
    TL_SCOPED(pixels_destroy) pixels out = {0};

    (void) state;
    make(&in, 301, 7, 3); /* rows longer than what is summed up at a time */
    for (size_t at = 0; at < pixels_stride(&in) * 7; at++)
        in.bytes[at] = (uint8_t) (at * 31);
    scaled(&in, 301, 7, &out);
    assert_memory_equal(in.bytes, out.bytes, pixels_stride(&in) * 7);
}

static void
edges_stay_where_they_are(void **state)
{
    TL_SCOPED(pixels_destroy) pixels in = {0};
    TL_SCOPED(pixels_destroy) pixels out = {0};

    (void) state;
    make(&in, 400, 200, 1);
    for (uint32_t y = 0; y < 200; y++)
        for (uint32_t x = 0; x < 400; x++)
            pixels_row(&in, y)[x] = x < 100 && y < 150 ? 200 : 50;
    scaled(&in, 40, 20, &out);
    assert_in_range(pixels_row(&out, 5)[5], 198, 202);
    assert_in_range(pixels_row(&out, 5)[20], 48, 52);
    assert_in_range(pixels_row(&out, 18)[5], 48, 52);
    assert_in_range(pixels_row(&out, 5)[9], 180, 220);
    assert_in_range(pixels_row(&out, 5)[10], 30, 70);
}

/* The letters of each orientation's picture, and of it upright:  ab
 *                                                                cd
 *                                                                ef */
static void
every_orientation_is_turned_upright(void **state)
{
    static const char *const stored[] = {
        [1] = "abcdef", [2] = "badcfe", [3] = "fedcba", [4] = "efcdab",
        [5] = "acebdf", [6] = "bdface", [7] = "fdbeca", [8] = "ecafdb",
    };
    TL_SCOPED(pixels_destroy) pixels in = {0};
    TL_SCOPED(pixels_destroy) pixels out = {0};
    tl_error err;

    (void) state;
    for (unsigned orientation = 1; orientation <= 8; orientation++) {
        bool lies = pixels_lie(orientation);

        make(&in, lies ? 3 : 2, lies ? 2 : 3, 1);
        memcpy(in.bytes, stored[orientation], 6);
        assert_int_equal(pixels_turn(&in, orientation, &out, &err), TL_OK);
        assert_int_equal(out.size.width, 2);
        assert_int_equal(out.size.height, 3);
        if (memcmp(out.bytes, "abcdef", 6) != 0)
            fail_msg("%u: %.6s", orientation, (const char *) out.bytes);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_colour_stays_that_colour_at_every_ratio),
        cmocka_unit_test(the_same_size_is_the_same_picture),
        cmocka_unit_test(edges_stay_where_they_are),
        cmocka_unit_test(every_orientation_is_turned_upright),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
