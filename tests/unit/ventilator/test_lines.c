/* lines: whatever is in a file, a pipe or a gzip, cut into lines. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ZLIB_CONST
#include <zlib.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "ventilator/lines.h"

enum { PACKED_BYTES = 1 << 16 };

static int
file_of(const void *bytes, size_t size)
{
    int fd = memfd_create("list", 0);

    assert_int_equal(write(fd, bytes, size), size);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static size_t
pack(const char *text, uint8_t packed[PACKED_BYTES])
{
    z_stream stream = {.next_in = (const Bytef *) text, .avail_in = (uInt) strlen(text)};

    stream.next_out = packed;
    stream.avail_out = PACKED_BYTES;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = stream.total_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    return size;
}

static void
expect_line(lines *list, uint64_t number, const char *text)
{
    tl_error err = {0};
    line next;

    assert_int_equal(lines_next(list, &next, &err), INFLATE_BYTES);
    assert_int_equal(next.size, strlen(text));
    assert_memory_equal(next.text, text, next.size + 1); /* ended by NUL */
    assert_int_equal(next.number, number);
    assert_false(next.cut);
}

static void
expect_end(lines *list)
{
    tl_error err = {0};
    line next;

    assert_int_equal(lines_next(list, &next, &err), INFLATE_END);
    assert_int_equal(lines_next(list, &next, &err), INFLATE_END);
}

#define MARK "\xef\xbb\xbf"

static const struct {
    const char *name;
    const char *text;
    const char *wanted[4]; /* "number:line" */
    unsigned passed;
} cases[] = {
    {"nothing", "", {NULL}, 0},
    {"one line", "a\n", {"1:a"}, 1},
    {"no newline at the end", "a\nb", {"1:a", "2:b"}, 2},
    {"CRLF", "a\r\nb\r\n", {"1:a", "2:b"}, 2},
    {"a byte order mark", MARK "a\nb\n", {"1:a", "2:b"}, 2},
    {"nothing but a byte order mark", MARK, {NULL}, 1},
    {"a mark in a later line is no mark", "a\n" MARK "b\n", {"1:a", "2:" MARK "b"}, 2},
    {"a mark before a comment", MARK "# c\nb\n", {"2:b"}, 2},
    {"blank lines", "\n \t \na\n\n", {"3:a"}, 4},
    {"comments", "# one\n  # two\na # not one\n", {"3:a # not one"}, 3},
    {"spaces around", "  a b \t\n", {"1:a b"}, 1},
    {"a lone CR at the end", "a\r", {"1:a"}, 1},
    {"CR in a line stays", "a\rb\n", {"1:a\rb"}, 1},
    {"nothing but newlines", "\n\n\n", {NULL}, 3},
};

static void
expect_case(lines *list, size_t i)
{
    for (size_t k = 0; k < 4 && cases[i].wanted[k]; k++)
        expect_line(list, (uint64_t) (cases[i].wanted[k][0] - '0'),
                    cases[i].wanted[k] + 2);
    expect_end(list);
    assert_int_equal(lines_passed(list), cases[i].passed);
}

static void
lists_are_cut_into_lines(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t size = strlen(cases[i].text);
        TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(cases[i].text, size));

        print_message("  %s\n", cases[i].name);
        expect_case(list, i);
        assert_int_equal(lines_taken(list), size);
    }
}

static void
packed_lists_are_cut_into_the_same_lines(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t packed[PACKED_BYTES];
        size_t size = pack(cases[i].text, packed);
        TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(packed, size));

        print_message("  %s\n", cases[i].name);
        expect_case(list, i);
        assert_int_equal(lines_taken(list), size);
    }
}

static void
packed_lists_may_follow_each_other(void **state)
{
    uint8_t packed[PACKED_BYTES * 2];
    size_t size = pack("a\nb", packed);

    (void) state;
    size += pack("c\nd\n", packed + size);
    TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(packed, size));
    expect_line(list, 1, "a");
    expect_line(list, 2, "bc"); /* as zcat shows them */
    expect_line(list, 3, "d");
    expect_end(list);
}

static void
packed_data_that_is_cut_off_or_damaged_fails(void **state)
{
    uint8_t packed[PACKED_BYTES];
    size_t size = pack("a\nb\nc\n", packed);

    (void) state;
    for (size_t cut = 2; cut < size; cut++) {
        TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(packed, cut));
        tl_error err = {0};
        line next;
        inflate_result result = INFLATE_BYTES;

        while (result == INFLATE_BYTES)
            result = lines_next(list, &next, &err);
        assert_int_equal(result, INFLATE_FAILED);
        assert_non_null(strstr(err.text, "ends in the middle"));
    }
    packed[size / 2] ^= 0xff;
    TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(packed, size));
    tl_error err = {0};
    line next;
    inflate_result result = INFLATE_BYTES;
    while (result == INFLATE_BYTES)
        result = lines_next(list, &next, &err);
    assert_int_equal(result, INFLATE_FAILED);
    assert_non_null(strstr(err.text, "damaged"));
}

static void
a_long_line_is_cut_but_all_of_it_counts(void **state)
{
    static const size_t sizes[] = {TL_URL_BYTES, TL_URL_BYTES + 1, 64 << 10, 1 << 20};
    uint8_t before[TL_SHA_BYTES] = {0};

    (void) state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size_t size = sizes[i];
        char *text = malloc(size + 3);

        memset(text, 'x', size);
        memcpy(text + size, "\nb", 3);
        for (int last = 0; last < 2; last++) {
            tl_error err = {0};
            line next;

            text[size - 1] = last ? 'y' : 'x'; /* seen in the digest alone */
            TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(text, size + 2));
            assert_int_equal(lines_next(list, &next, &err), INFLATE_BYTES);
            assert_int_equal(next.size, TL_URL_BYTES);
            assert_int_equal(next.text[next.size], '\0');
            assert_int_equal(next.cut, size > TL_URL_BYTES);
            assert_memory_not_equal(next.sha256, before, TL_SHA_BYTES);
            memcpy(before, next.sha256, TL_SHA_BYTES);
            expect_line(list, 2, "b");
            expect_end(list);
        }
        free(text);
    }
}

static void
a_long_comment_is_a_comment(void **state)
{
    size_t size = 100000;
    char *text = malloc(size);

    (void) state;
    memset(text, '#', size);
    text[size - 2] = '\n';
    text[size - 1] = 'b';
    TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(text, size));
    expect_line(list, 2, "b");
    expect_end(list);
    free(text);
}

static void
bytes_that_are_no_text_stay_as_they_are(void **state)
{
    static const char bytes[] = "a\0b\n\xff\xfe\n";
    TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(bytes, sizeof bytes - 1));
    tl_error err = {0};
    line next;

    (void) state;
    assert_int_equal(lines_next(list, &next, &err), INFLATE_BYTES);
    assert_int_equal(next.size, 3);
    assert_memory_equal(next.text, "a\0b", 4);
    assert_int_equal(lines_next(list, &next, &err), INFLATE_BYTES);
    assert_memory_equal(next.text, "\xff\xfe", 3);
    expect_end(list);
}

static void
the_same_line_has_the_same_digest_wherever_it_stands(void **state)
{
    static const char text[] = MARK "http://a/\r\n  http://a/ \nhttp://a/";
    TL_SCOPED(lines_destroy) lines *list = lines_new(file_of(text, sizeof text - 1));
    tl_error err = {0};
    line first;
    line next;

    (void) state;
    assert_int_equal(lines_next(list, &first, &err), INFLATE_BYTES);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lines_next(list, &next, &err), INFLATE_BYTES);
        assert_memory_equal(first.sha256, next.sha256, TL_SHA_BYTES);
    }
}

static void
expect_wait(lines *list)
{
    tl_error err = {0};
    line next;

    assert_int_equal(lines_next(list, &next, &err), INFLATE_WAIT);
}

static void
put(int fd, const void *bytes, size_t size)
{
    assert_int_equal(write(fd, bytes, size), size);
}

static void
a_pipe_that_pauses_is_waited_for(void **state)
{
    int ends[2];

    (void) state;
    assert_int_equal(pipe(ends), 0);
    TL_SCOPED(lines_destroy) lines *list = lines_new(ends[0]);
    assert_int_equal(lines_fd(list), ends[0]);
    expect_wait(list);
    put(ends[1], "h", 1); /* too little even to see whether it is packed */
    expect_wait(list);
    put(ends[1], "ttp\nb", 5);
    expect_line(list, 1, "http");
    expect_wait(list);
    put(ends[1], "c\n", 2);
    expect_line(list, 2, "bc");
    expect_wait(list);
    put(ends[1], "d", 1);
    assert_int_equal(close(ends[1]), 0);
    expect_line(list, 3, "d");
    expect_end(list);
}

static void
a_packed_pipe_may_pause_anywhere(void **state)
{
    uint8_t packed[PACKED_BYTES];
    size_t size = pack("a\nb\n", packed);
    int ends[2];

    (void) state;
    assert_int_equal(pipe(ends), 0);
    TL_SCOPED(lines_destroy) lines *list = lines_new(ends[0]);
    for (size_t i = 0; i < 11; i++) { /* its head says nothing yet */
        put(ends[1], packed + i, 1);
        expect_wait(list);
    }
    put(ends[1], packed + 11, size - 11);
    assert_int_equal(close(ends[1]), 0);
    expect_line(list, 1, "a");
    expect_line(list, 2, "b");
    expect_end(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_cut_into_lines),
        cmocka_unit_test(packed_lists_are_cut_into_the_same_lines),
        cmocka_unit_test(packed_lists_may_follow_each_other),
        cmocka_unit_test(packed_data_that_is_cut_off_or_damaged_fails),
        cmocka_unit_test(a_long_line_is_cut_but_all_of_it_counts),
        cmocka_unit_test(a_long_comment_is_a_comment),
        cmocka_unit_test(bytes_that_are_no_text_stay_as_they_are),
        cmocka_unit_test(the_same_line_has_the_same_digest_wherever_it_stands),
        cmocka_unit_test(a_pipe_that_pauses_is_waited_for),
        cmocka_unit_test(a_packed_pipe_may_pause_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
