/* source: files, standard input and arguments as one list of links. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "ventilator/source.h"

static const uint8_t some_run[TL_SHA_BYTES] = {1, 2, 3};

static char *
path_in(const char *folder, const char *name, char path[256])
{
    (void) snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void
write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static int
enter_folder(void **state)
{
    char *folder = strdup("/tmp/test-source-XXXXXX");

    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int
leave_folder(void **state)
{
    static const char *const names[] = {"a", "b", "pipe"};
    char path[256];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void) unlink(path_in(*state, names[i], path));
    int status = rmdir(*state);
    free(*state);
    return status;
}

static source *
open_source(const char *const *words, size_t count)
{
    tl_error err = {0};
    source *self = source_new(words, count, some_run, &err);

    assert_non_null(self);
    return self;
}

static source_link
expect_link(source *self, uint32_t part, uint64_t line, const char *url)
{
    tl_error err = {0};
    source_link link;

    assert_int_equal(source_next(self, &link, &err), SOURCE_LINK);
    assert_int_equal(link.source, part);
    assert_int_equal(link.line, line);
    assert_string_equal(link.url, url);
    assert_int_equal(link.url_size, strlen(url));
    return link;
}

static void
expect(source *self, source_result wanted)
{
    tl_error err = {0};
    source_link link;

    assert_int_equal(source_next(self, &link, &err), wanted);
}

static void
words_are_files_and_links_one_after_the_other(void **state)
{
    char a[256], b[256];
    const char *words[] = {path_in(*state, "a", a), "https://x/y.png",
                           path_in(*state, "b", b)};

    write_file(a, "# list\nhttp://a/1.jpg\nhttp://a/2.jpg");
    write_file(b, "http://b/1.jpg\n");
    TL_SCOPED(source_destroy) source *self = open_source(words, 3);
    assert_true(source_is_rereadable(self));
    assert_int_equal(source_total_bytes(self), 36 + 15);
    assert_string_equal(expect_link(self, 0, 2, "http://a/1.jpg").name, "1.jpg");
    (void) expect_link(self, 0, 3, "http://a/2.jpg");
    assert_string_equal(expect_link(self, 1, 1, "https://x/y.png").name, "y.png");
    (void) expect_link(self, 2, 1, "http://b/1.jpg");
    expect(self, SOURCE_END);
    expect(self, SOURCE_END);
    assert_int_equal(source_lines(self), 5);
    assert_int_equal(source_read_bytes(self), 36 + 15);
}

static void
a_line_that_is_no_link_comes_with_its_fault(void **state)
{
    static const struct {
        const char *word;
        tl_fault fault;
        const char *shown;
    } cases[] = {
        {"nonsense://", TL_SCHEME_BLOCKED, "nonsense://"},
        {"http://[::1", TL_URL_INVALID, NULL},
        {"ftp://a/b", TL_SCHEME_BLOCKED, "ftp://a/b"},
        {"http://me:secret@a/b", TL_CREDENTIALS, "(a link with credentials)"},
        {"://\xff\x01\\", TL_URL_INVALID, "://\\xff\\x01\\x5c"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(source_destroy) source *self = open_source(&cases[i].word, 1);
        source_link link =
            expect_link(self, 0, 1, cases[i].shown ? cases[i].shown : cases[i].word);

        assert_int_equal(link.fault, cases[i].fault);
        assert_string_equal(link.name, "");
        expect(self, SOURCE_END);
    }
}

static void
a_bad_line_stops_nothing(void **state)
{
    char a[256];
    const char *words[] = {path_in(*state, "a", a)};
    char *text = malloc(1 << 20);

    memset(text, 'x', 1 << 20);
    (void) snprintf(text, 10, "http://a/");
    text[9] = 'x';
    (void) snprintf(text + (1 << 20) - 30, 30, "\nno link\nhttp://a/ok.jpg\n");
    write_file(a, text);
    free(text);
    TL_SCOPED(source_destroy) source *self = open_source(words, 1);
    tl_error err = {0};
    source_link link;
    assert_int_equal(source_next(self, &link, &err), SOURCE_LINK);
    assert_int_equal(link.fault, TL_URL_INVALID);
    assert_true(link.url_size < 1024);
    assert_int_equal(source_next(self, &link, &err), SOURCE_LINK);
    assert_int_equal(link.fault, TL_URL_INVALID);
    assert_int_equal(expect_link(self, 0, 3, "http://a/ok.jpg").fault, TL_OK);
    expect(self, SOURCE_END);
}

static void
a_key_says_which_link_and_what_is_done_with_it(void **state)
{
    static const uint8_t other_run[TL_SHA_BYTES] = {9};
    const char *words[] = {"http://a/1", "http://a/2", "http://a/1"};
    tl_error err = {0};
    uint8_t keys[3][TL_KEY_BYTES];
    source_link link;

    (void) state;
    TL_SCOPED(source_destroy) source *self = open_source(words, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(source_next(self, &link, &err), SOURCE_LINK);
        memcpy(keys[i], link.key, TL_KEY_BYTES);
    }
    assert_memory_not_equal(keys[0], keys[1], TL_KEY_BYTES);
    assert_memory_equal(keys[0], keys[2], TL_KEY_BYTES);
    TL_SCOPED(source_destroy) source *other = source_new(words, 1, other_run, &err);
    assert_int_equal(source_next(other, &link, &err), SOURCE_LINK);
    assert_memory_not_equal(keys[0], link.key, TL_KEY_BYTES);
}

static void
what_cannot_be_read_is_named_at_once(void **state)
{
    char a[256], missing[256];
    const char *folder = *state;
    const struct {
        const char *words[2];
        const char *told;
    } cases[] = {
        {{path_in(folder, "a", a), path_in(folder, "nowhere", missing)},
         "nowhere: No such"},
        {{a, folder}, "is a folder"},
    };

    write_file(a, "http://a/1\n");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tl_error err = {0};

        assert_null(source_new(cases[i].words, 2, some_run, &err));
        assert_int_equal(err.fault, TL_CANNOT_START);
        assert_non_null(strstr(err.text, cases[i].told));
    }
}

static void
a_damaged_file_is_named_when_it_is_met(void **state)
{
    char a[256];
    const char *words[] = {"http://a/1", path_in(*state, "a", a)};
    tl_error err = {0};
    source_link link;

    write_file(a, "\x1f\x8b nonsense");
    TL_SCOPED(source_destroy) source *self = open_source(words, 2);
    (void) expect_link(self, 0, 1, "http://a/1");
    assert_int_equal(source_next(self, &link, &err), SOURCE_FAILED);
    assert_non_null(strstr(err.text, a));
    assert_non_null(strstr(err.text, "damaged"));
}

static void
standard_input_is_read_as_it_comes_and_never_again(void **state)
{
    const char *words[] = {"-", "http://z/"};
    int kept = dup(STDIN_FILENO);
    int ends[2];

    (void) state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    TL_SCOPED(source_destroy) source *self = open_source(words, 2);
    assert_int_equal(close(ends[0]), 0);
    assert_false(source_is_rereadable(self));
    assert_int_equal(source_total_bytes(self), 0);
    expect(self, SOURCE_WAIT);
    assert_true(source_fd(self) > STDERR_FILENO);
    assert_int_equal(write(ends[1], "http://a/\nht", 12), 12);
    (void) expect_link(self, 0, 1, "http://a/");
    expect(self, SOURCE_WAIT);
    assert_int_equal(close(ends[1]), 0);
    tl_error err = {0};
    source_link link;
    assert_int_equal(source_next(self, &link, &err), SOURCE_LINK);
    assert_int_equal(link.fault, TL_URL_INVALID); /* "ht" */
    (void) expect_link(self, 1, 1, "http://z/");
    expect(self, SOURCE_END);
    assert_int_equal(source_fd(self), -1);
    assert_int_equal(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    assert_int_equal(close(kept), 0);
}

static void
a_named_pipe_holds_nobody_up(void **state)
{
    char path[256];
    const char *words[] = {path_in(*state, "pipe", path)};

    assert_int_equal(mkfifo(path, 0600), 0);
    TL_SCOPED(source_destroy) source *self = open_source(words, 1);
    assert_false(source_is_rereadable(self));
    expect(self, SOURCE_WAIT); /* nobody writes to it yet */
    int writer = open(path, O_WRONLY);
    expect(self, SOURCE_WAIT);
    assert_int_equal(write(writer, "http://a/\n", 10), 10);
    (void) expect_link(self, 0, 1, "http://a/");
    assert_int_equal(close(writer), 0);
    expect(self, SOURCE_END);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(words_are_files_and_links_one_after_the_other),
        cmocka_unit_test(a_line_that_is_no_link_comes_with_its_fault),
        IN_FOLDER(a_bad_line_stops_nothing),
        cmocka_unit_test(a_key_says_which_link_and_what_is_done_with_it),
        IN_FOLDER(what_cannot_be_read_is_named_at_once),
        IN_FOLDER(a_damaged_file_is_named_when_it_is_met),
        cmocka_unit_test(standard_input_is_read_as_it_comes_and_never_again),
        IN_FOLDER(a_named_pipe_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
