/* picture: words, and the size of a thumbnail. */
#include "tests/support/unit.h"
#include "worker/shrink/picture.h"

/* What Pillow 9.4 makes of them. */
static void
thumbnails_have_the_sizes_that_pillow_gives_them(void **state)
{
    static const struct {
        picture_size picture, box, fit;
    } cases[] = {
        {{1000, 500}, {128, 128}, {128, 64}},  {{500, 1000}, {128, 128}, {64, 128}},
        {{128, 128}, {128, 128}, {128, 128}},  {{100, 50}, {128, 128}, {100, 50}},
        {{1, 1}, {128, 128}, {1, 1}},          {{129, 1}, {128, 128}, {128, 1}},
        {{1, 65500}, {128, 128}, {1, 128}},    {{65500, 1}, {128, 128}, {128, 1}},
        {{200, 100}, {1, 1}, {1, 1}},          {{1023, 769}, {128, 128}, {128, 96}},
        {{333, 777}, {128, 128}, {55, 128}},   {{4000, 3}, {128, 128}, {128, 1}},
        {{1160, 725}, {128, 128}, {128, 80}},  {{129, 128}, {128, 128}, {128, 127}},
        {{900, 600}, {300, 20}, {30, 20}},     {{900, 600}, {16384, 1}, {1, 1}},
        {{5640, 3172}, {128, 128}, {128, 72}}, {{300, 200}, {128, 128}, {128, 85}},
        {{65500, 65500}, {16384, 9}, {9, 9}},  {{255, 2}, {128, 128}, {128, 1}},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        picture_size fit = picture_fit(cases[i].picture, cases[i].box);

        if (fit.width != cases[i].fit.width || fit.height != cases[i].fit.height)
            fail_msg("%ux%u: %ux%u", cases[i].picture.width, cases[i].picture.height,
                     fit.width, fit.height);
    }
}

static void
a_thumbnail_is_never_larger_and_never_empty(void **state)
{
    (void) state;
    for (uint32_t width = 1; width < 65500; width = width * 3 / 2 + 1)
        for (uint32_t height = 1; height < 65500; height = height * 3 / 2 + 1)
            for (uint32_t box = 1; box < 16384; box = box * 3 + 1) {
                picture_size picture = {width, height};
                picture_size fit = picture_fit(picture, (picture_size){box, box / 2 + 1});

                assert_in_range(fit.width, 1, width < box ? width : box);
                assert_in_range(fit.height, 1,
                                height < box / 2 + 1 ? height : box / 2 + 1);
            }
}

static void
words_are_for_known_kinds_only(void **state)
{
    (void) state;
    assert_string_equal(picture_label(PICTURE_JPEG), "jpeg");
    assert_string_equal(picture_suffix(PICTURE_JPEG), "jpg");
    assert_string_equal(picture_suffix(PICTURE_TIFF), "tif");
    assert_string_equal(picture_label((picture_kind) 77), "none");
    assert_string_equal(picture_suffix((picture_kind) 77), "");
}

static void
thumbnails_are_of_the_same_kind_where_browsers_show_it(void **state)
{
    (void) state;
    assert_int_equal(picture_thumb_kind(PICTURE_JPEG, false), PICTURE_JPEG);
    assert_int_equal(picture_thumb_kind(PICTURE_PNG, true), PICTURE_PNG);
    assert_int_equal(picture_thumb_kind(PICTURE_GIF, false), PICTURE_GIF);
    assert_int_equal(picture_thumb_kind(PICTURE_WEBP, true), PICTURE_WEBP);
    assert_int_equal(picture_thumb_kind(PICTURE_AVIF, false), PICTURE_JPEG);
    assert_int_equal(picture_thumb_kind(PICTURE_TIFF, true), PICTURE_PNG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbnails_have_the_sizes_that_pillow_gives_them),
        cmocka_unit_test(a_thumbnail_is_never_larger_and_never_empty),
        cmocka_unit_test(words_are_for_known_kinds_only),
        cmocka_unit_test(thumbnails_are_of_the_same_kind_where_browsers_show_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
