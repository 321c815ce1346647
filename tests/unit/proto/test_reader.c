/* reader: the msgpack that PROTOCOL.md uses, and nothing else. */
#include <stdio.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/reader.h"
#include "tests/support/unit.h"

typedef enum { UINT, BOOL, TEXT, BYTES, ARRAY, MAP, SKIP } what;

#define ROW(name_, form_, bytes_, value_)                                                \
    {                                                                                    \
        .name = (name_), .what = (form_), .bytes = "" bytes_,                            \
        .size = sizeof("" bytes_) - 1, .value = (value_)                                 \
    }

typedef struct {
    const char *name;
    what what;
    const char *bytes;
    size_t size;
    uint64_t value; /* the number, or the size or count */
} row;

static const row accepted[] = {
    ROW("0", UINT, "\x00", 0),
    ROW("positive fixint", UINT, "\x7f", 127),
    ROW("uint 8", UINT, "\xcc\xff", 255),
    ROW("uint 16", UINT, "\xcd\x01\x02", 258),
    ROW("uint 32", UINT, "\xce\xff\xff\xff\xff", 4294967295),
    ROW("uint 64", UINT, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", UINT64_MAX),
    ROW("int 8 that is not negative", UINT, "\xd0\x7f", 127),
    ROW("int 64 that is not negative", UINT, "\xd3\x7f\xff\xff\xff\xff\xff\xff\xff",
        INT64_MAX),
    ROW("false", BOOL, "\xc2", 0),
    ROW("true", BOOL, "\xc3", 1),
    ROW("fixstr", TEXT, "\xa2hi", 2),
    ROW("empty text", TEXT, "\xa0", 0),
    ROW("str 8", TEXT, "\xd9\x02hi", 2),
    ROW("str 16", TEXT, "\xda\x00\x02hi", 2),
    ROW("str 32", TEXT, "\xdb\x00\x00\x00\x02hi", 2),
    ROW("bin 8", BYTES, "\xc4\x02\xff\x00", 2),
    ROW("bin 16", BYTES, "\xc5\x00\x02\xff\x00", 2),
    ROW("bin 32", BYTES, "\xc6\x00\x00\x00\x02\xff\x00", 2),
    ROW("fixarray", ARRAY, "\x92", 2),
    ROW("array 16", ARRAY, "\xdc\x00\x02", 2),
    ROW("array 32", ARRAY, "\xdd\x00\x00\x00\x02", 2),
    ROW("fixmap", MAP, "\x81", 1),
    ROW("map 16", MAP, "\xde\x00\x01", 1),
    ROW("map 32", MAP, "\xdf\x00\x00\x00\x01", 1),
    ROW("skip nil", SKIP, "\xc0", 0),
    ROW("skip a float", SKIP, "\xca\x00\x00\x00\x00", 0),
    ROW("skip a double", SKIP, "\xcb\x00\x00\x00\x00\x00\x00\x00\x00", 0),
    ROW("skip a negative", SKIP, "\xe0", 0),
    ROW("skip a negative int 16", SKIP, "\xd1\xff\xff", 0),
    ROW("skip a text that is not UTF-8", SKIP, "\xa1\xff", 0),
    ROW("skip an empty array", SKIP, "\x90", 0),
    ROW("skip a map of arrays", SKIP,
        "\x82\xa1"
        "a\x92\x01\x02\xa1"
        "b\x90",
        0),
    ROW("skip eight levels", SKIP, "\x91\x91\x91\x91\x91\x91\x91\x91\xc0", 0),
};

static const row refused[] = {
    ROW("nothing", UINT, "", 0),
    ROW("uint 16, cut off", UINT, "\xcd\x01", 0),
    ROW("-1", UINT, "\xff", 0),
    ROW("int 8, negative", UINT, "\xd0\x80", 0),
    ROW("int 64, negative", UINT, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 0),
    ROW("a float for a number", UINT, "\xca\x00\x00\x00\x00", 0),
    ROW("true for a number", UINT, "\xc3", 0),
    ROW("nil for a number", UINT, "\xc0", 0),
    ROW("1 for true", BOOL, "\x01", 0),
    ROW("bytes for text", TEXT,
        "\xc4\x01"
        "a",
        0),
    ROW("text for bytes", BYTES,
        "\xa1"
        "a",
        0),
    ROW("text, cut off", TEXT, "\xa2h", 0),
    ROW("text of 4 GiB", TEXT, "\xdb\xff\xff\xff\xff", 0),
    ROW("text with NUL", TEXT, "\xa1\x00", 0),
    ROW("text that is not UTF-8", TEXT, "\xa1\xff", 0),
    ROW("a text cut inside a character", TEXT, "\xa1\xc3\xbc", 0),
    ROW("bytes of 4 GiB", BYTES, "\xc6\xff\xff\xff\xff", 0),
    ROW("an array of 4 thousand million", ARRAY, "\xdd\xff\xff\xff\xff", 0),
    ROW("a map for an array", ARRAY, "\x80", 0),
    ROW("an array for a map", MAP, "\x90", 0),
    ROW("a map of 4 thousand million", MAP, "\xdf\xff\xff\xff\xff", 0),
    ROW("the format that never was", SKIP, "\xc1", 0),
    ROW("ext 8", SKIP, "\xc7\x00\x00", 0),
    ROW("fixext 1", SKIP, "\xd4\x00\x00", 0),
    ROW("fixext 16", SKIP, "\xd8\x00", 0),
    ROW("skip an array with nothing in it", SKIP, "\x91", 0),
    ROW("skip half a pair", SKIP, "\x81\x01", 0),
    ROW("skip a claim", SKIP, "\xdd\xff\xff\xff\xff", 0),
    ROW("skip a claim in a claim", SKIP, "\x91\xdf\x7f\xff\xff\xff\x00", 0),
    ROW("skip nine levels", SKIP, "\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0", 0),
};

static uint64_t
read_one(tl_reader *in, what form)
{
    switch (form) {
    case UINT:
        return tl_read_uint(in);
    case BOOL:
        return tl_read_bool(in);
    case TEXT:
        return tl_read_text(in).size;
    case BYTES:
        return tl_read_bytes(in).size;
    case ARRAY:
        return tl_read_array(in);
    case MAP:
        return tl_read_map(in);
    case SKIP:
        tl_read_skip(in);
        return 0;
    }
    return 0;
}

static void
each_form_is_read(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        uint8_t bytes[32] = {0};
        size_t size = accepted[i].size;
        bool counts = accepted[i].what == ARRAY || accepted[i].what == MAP;

        memcpy(bytes, accepted[i].bytes, size);
        tl_reader in = {bytes, bytes + size + (counts ? 2 : 0), NULL};
        uint64_t got = read_one(&in, accepted[i].what);
        if (in.problem || got != accepted[i].value || in.at != bytes + size)
            fail_msg("%s: %s", accepted[i].name,
                     in.problem ? in.problem : "another value");
    }
}

static void
everything_else_is_refused(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const uint8_t *bytes = (const uint8_t *) refused[i].bytes;
        tl_reader in = {bytes, bytes + refused[i].size, NULL};

        (void) read_one(&in, refused[i].what);
        if (!in.problem)
            fail_msg("%s: accepted", refused[i].name);
        assert_true(in.at <= in.end);
    }
}

static void
a_count_larger_than_the_bytes_left_is_a_lie(void **state)
{
    static const uint8_t array[] = {0x93, 1, 2};
    static const uint8_t map[] = {0x82, 1, 2, 3};
    tl_reader in = {array, array + sizeof array, NULL};

    (void) state;
    assert_int_equal(tl_read_array(&in), 0);
    assert_string_equal(in.problem, "more elements than bytes");
    in = (tl_reader){map, map + sizeof map, NULL};
    assert_int_equal(tl_read_map(&in), 0); /* a pair takes two bytes */
    assert_string_equal(in.problem, "more elements than bytes");
}

static void
the_first_problem_sticks(void **state)
{
    static const uint8_t bytes[] = {0xc3, 0x05, 0xa1, 'a'};
    tl_reader in = {bytes, bytes + sizeof bytes, NULL};

    (void) state;
    assert_int_equal(tl_read_uint(&in), 0);
    assert_string_equal(in.problem, "not an unsigned integer");
    assert_int_equal(tl_read_uint(&in), 0); /* though a 5 stands here */
    assert_int_equal(tl_read_text(&in).size, 0);
    tl_read_skip(&in);
    assert_string_equal(in.problem, "not an unsigned integer");
    assert_ptr_equal(in.at, bytes + 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
        cmocka_unit_test(everything_else_is_refused),
        cmocka_unit_test(a_count_larger_than_the_bytes_left_is_a_lie),
        cmocka_unit_test(the_first_problem_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
