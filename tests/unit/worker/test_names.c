/* names: the ending says what the bytes are, and no name leads anywhere else. */
#include <string.h>

#include "tests/support/unit.h"
#include "worker/names.h"

static const uint8_t key[TL_KEY_BYTES] = {0x01, 0x23, 0x45, 0x67, 0x89};

static const struct {
    const char *wanted;
    const char *source;
    const char *thumb;
    const uint8_t *key;
    const char *original;
    const char *thumbnail;
} rows[] = {
    {"photo.jpg", "jpeg", "jpeg", NULL, "photo.jpg", "photo_thumbnail.jpg"},
    {"photo.JPEG", "jpeg", "jpeg", NULL, "photo.JPEG", "photo_thumbnail.JPEG"},
    {"photo", "png", "png", NULL, "photo.png", "photo_thumbnail.png"},
    {"photo.php", "gif", "gif", NULL, "photo.php.gif", "photo.php_thumbnail.gif"},
    {"v1.2", "webp", "webp", NULL, "v1.2.webp", "v1.2_thumbnail.webp"},
    {"photo.tif", "tiff", "jpeg", NULL, "photo.tif", "photo_thumbnail.tif.jpg"},
    {"photo", "tiff", "jpeg", NULL, "photo.tif", "photo_thumbnail.tif.jpg"},
    {"photo.jpg", "png", "png", NULL, "photo.jpg", "photo_thumbnail.jpg.png"},
    {"photo.avif", "avif", "png", NULL, "photo.avif", "photo_thumbnail.avif.png"},
    {"photo.jpg", "jpeg", "jpeg", key, "photo-01234567.jpg",
     "photo-01234567_thumbnail.jpg"},
    {"photo", "png", "png", key, "photo-01234567.png", "photo-01234567_thumbnail.png"},
    {"b\xc3\xbc"
     "cher.png",
     "png", "png", NULL,
     "b\xc3\xbc"
     "cher.png",
     "b\xc3\xbc"
     "cher_thumbnail.png"},
};

static void
both_names_follow_from_the_wanted_one_and_the_types(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        names made;

        names_make(&made, rows[i].wanted, rows[i].source, rows[i].thumb, rows[i].key);
        assert_string_equal(made.original, rows[i].original);
        assert_string_equal(made.thumbnail, rows[i].thumbnail);
    }
}

static void
the_longest_name_still_fits_a_file_system(void **state)
{
    char wanted[TL_NAME_BYTES + 1];
    names made;

    (void) state;
    memset(wanted, 'x', TL_NAME_BYTES);
    wanted[TL_NAME_BYTES] = '\0';
    names_make(&made, wanted, "webp", "jpeg", key);
    assert_true(strlen(made.original) <= 255 && strlen(made.thumbnail) <= 255);
    assert_string_equal(made.thumbnail + strlen(made.thumbnail) - 9, ".webp.jpg");
}

static void
names_that_lead_elsewhere_are_not_safe(void **state)
{
    static const char *const unsafe[] = {"",        ".",         "..",         ".hidden",
                                         "a/b",     "/etc/x",    "../up",      "bell\a",
                                         "del\x7f", "line\nend", "tab\tinside"};
    static const char *const safe[] = {"a",   "photo.jpg", "a..b",
                                       "-rf", "b\xc3\xbc", "a b"};
    char longest[TL_NAME_BYTES + 2];

    (void) state;
    for (size_t i = 0; i < sizeof unsafe / sizeof unsafe[0]; i++)
        assert_false(name_is_safe(unsafe[i]));
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++)
        assert_true(name_is_safe(safe[i]));
    memset(longest, 'x', sizeof longest);
    longest[TL_NAME_BYTES + 1] = '\0';
    assert_false(name_is_safe(longest));
    longest[TL_NAME_BYTES] = '\0';
    assert_true(name_is_safe(longest));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_names_follow_from_the_wanted_one_and_the_types),
        cmocka_unit_test(the_longest_name_still_fits_a_file_system),
        cmocka_unit_test(names_that_lead_elsewhere_are_not_safe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
