/* names: which name a link gets in which round, and which names exclude each other. */
#include <string.h>

#include "proto/limits.h"
#include "proto/utf8.h"
#include "sink/names.h"
#include "tests/support/unit.h"

static const char key[TL_KEY_BYTES] = "\x01\x23\x45\x67\x89\xab\xcd\xef";

#define KEY8  "01234567"
#define KEY16 "0123456789abcdef"
#define KEY32 "0123456789abcdef0000000000000000"

static uint64_t
make(const char *wanted, unsigned round, char *out)
{
    const tl_link link = {.key = {key, sizeof key}, .name = {wanted, strlen(wanted)}};

    return names_make(&link, round, out);
}

static void
a_name_is_as_wanted_or_gets_more_and_more_of_the_key(void **state)
{
    static const struct {
        const char *what;
        const char *wanted;
        unsigned round;
        const char *name;
    } cases[] = {
        {"as wanted", "cat.jpg", 0, "cat.jpg"},
        {"taken once", "cat.jpg", 1, "cat-" KEY8 ".jpg"},
        {"taken twice", "cat.jpg", 2, "cat-" KEY16 ".jpg"},
        {"taken three times", "cat.jpg", 3, "cat-" KEY32 ".jpg"},
        {"taken with the whole key", "cat.jpg", 4, "cat-" KEY32 "-1.jpg"},
        {"and again", "cat.jpg", 5, "cat-" KEY32 "-2.jpg"},
        {"no extension", "300", 1, "300-" KEY8},
        {"an extension of something else", "a.tar", 1, "a.tar-" KEY8},
        {"upper case", "CAT.JPEG", 1, "CAT-" KEY8 ".JPEG"},
        {"two dots", "a.b.webp", 1, "a.b-" KEY8 ".webp"},
        {"a thumbnail's name", "cat_thumbnail.jpg", 0, "cat_thumbnail-" KEY8 ".jpg"},
        {"in capitals", "cat_THUMBNAIL.png", 0, "cat_THUMBNAIL-" KEY8 ".png"},
        {"without extension", "cat_thumbnail", 0, "cat_thumbnail-" KEY8},
        {"of a size", "cat_thumbnail_64x48.jpg", 0, "cat_thumbnail_64x48-" KEY8 ".jpg"},
        {"not of a size", "cat_thumbnail_x48.jpg", 0, "cat_thumbnail_x48.jpg"},
        {"nor this", "cat_thumbnail_64x.jpg", 0, "cat_thumbnail_64x.jpg"},
        {"a thumbnail in the middle", "my_thumbnail_cat.jpg", 0, "my_thumbnail_cat.jpg"},
        {"only a size", "1024x768.jpg", 0, "1024x768.jpg"},
        {"only digits", "64.jpg", 0, "64.jpg"},
        {"none", "", 0, "image-" KEY8},
        {"hidden", ".jpg", 0, "image-" KEY8},
        {"a path", "../cat.jpg", 0, "image-" KEY8},
        {"a control byte", "cat\x1b.jpg", 0, "image-" KEY8},
        {"bad UTF-8", "cat\xff.jpg", 0, "image-" KEY8},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[TL_NAME_BYTES + 1];

        (void) make(cases[i].wanted, cases[i].round, name);
        if (strcmp(name, cases[i].name) != 0)
            fail_msg("%s: %s, not %s", cases[i].what, name, cases[i].name);
    }
}

static void
long_names_are_cut_between_characters(void **state)
{
    char wanted[TL_NAME_BYTES + 1];
    char name[TL_NAME_BYTES + 1];

    (void) state;
    for (size_t shift = 0; shift < 2; shift++) {
        (void) memset(wanted, 'a', sizeof wanted);
        for (size_t i = shift; i + 2 <= TL_NAME_BYTES - 4; i += 2)
            wanted[i] = '\xc3', wanted[i + 1] = '\xa4';
        (void) memcpy(wanted + TL_NAME_BYTES - 4, ".jpg", 5);
        (void) make(wanted, 0, name);
        assert_string_equal(name, wanted);
        for (unsigned round = 1; round < 6; round++) {
            (void) make(wanted, round, name);
            assert_true(strlen(name) <= TL_NAME_BYTES);
            assert_true(strlen(name) >= TL_NAME_BYTES - 1);
            assert_true(tl_utf8_valid((const uint8_t *) name, strlen(name)));
            assert_string_equal(name + strlen(name) - 4, ".jpg");
        }
    }
}

static void
names_with_one_stem_exclude_each_other(void **state)
{
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } cases[] = {
        {"300", "300.jpg", true},      {"300.jpg", "300.png", true},
        {"Cat.jpg", "cAT.JPG", true},  {"300", "301", false},
        {"a.jpg", "ab.jpg", false},    {"1", "01", false},
        {"cat.tar", "cat.jpg", false}, {"x_1.jpg", "x_2.jpg", false},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[TL_NAME_BYTES + 1];
        bool same = make(cases[i].one, 0, name) == make(cases[i].other, 0, name);

        if (same != cases[i].same)
            fail_msg("%s and %s", cases[i].one, cases[i].other);
    }
}

static void
names_of_a_numbered_list_are_neighbours(void **state)
{
    char name[TL_NAME_BYTES + 1];

    (void) state;
    assert_int_equal(make("img000123.jpg", 0, name) >> 24,
                     make("img000999.jpg", 0, name) >> 24);
    assert_int_not_equal(make("img000123.jpg", 0, name) >> 24,
                         make("img001123.jpg", 0, name) >> 24);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_as_wanted_or_gets_more_and_more_of_the_key),
        cmocka_unit_test(long_names_are_cut_between_characters),
        cmocka_unit_test(names_with_one_stem_exclude_each_other),
        cmocka_unit_test(names_of_a_numbered_list_are_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
