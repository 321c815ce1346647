/* log: one line an event, whatever the text in it is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/log.h"
#include "tests/support/unit.h"

static const struct {
    const char *text;
    size_t size;
    const char *escaped;
} escapes[] = {
    {"plain text", 10, "plain text"},
    {"", 0, ""},
    {"two\nlines", 9, "two\\x0alines"},
    {"a\0b", 3, "a\\x00b"},
    {"\033[2J", 4, "\\x1b[2J"},
    {"back\\slash", 10, "back\\x5cslash"},
    {"\x7f", 1, "\\x7f"},
    {"\xc3\xbc\xe2\x82\xac", 5, "\xc3\xbc\xe2\x82\xac"},
    {"\xc2\x9b"
     "2J",
     4, "\\xc2\\x9b2J"}, /* CSI in one character: terminals obey it */
    {"\xff\xc3", 2, "\\xff\\xc3"},
};

static void
text_from_outside_is_made_safe(void **state)
{
    char out[64];

    (void) state;
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        assert_string_equal(tl_escape(escapes[i].text, escapes[i].size, out, sizeof out),
                            escapes[i].escaped);
}

static void
what_does_not_fit_is_cut_between_characters(void **state)
{
    char out[8];

    (void) state;
    assert_string_equal(tl_escape("123456789", 9, out, sizeof out), "1234567");
    assert_string_equal(tl_escape("12345\n", 6, out, sizeof out), "12345");
    assert_string_equal(tl_escape("123456\xc3\xbc", 8, out, sizeof out), "123456");
    assert_string_equal(tl_escape("x", 1, out, 1), "");
}

/* What `say` writes to standard error. */
static char *
heard(void (*say)(void), char *out, size_t room)
{
    char name[] = "/tmp/test_log.XXXXXX";
    int file = mkstemp(name);
    int kept = dup(STDERR_FILENO);

    assert_true(file != -1 && kept != -1);
    (void) unlink(name); /* it lives as long as it is open */
    (void) dup2(file, STDERR_FILENO);
    say();
    (void) dup2(kept, STDERR_FILENO);
    ssize_t size = pread(file, out, room - 1, 0);
    assert_in_range(size, 0, room - 1);
    out[size] = '\0';
    (void) close(kept);
    (void) close(file);
    return out;
}

static void
say_three(void)
{
    tl_log_show(TL_LOG_NOTE);
    tl_log(TL_LOG_NOTE, "lane.granted", "worker=%s lane=%d", "w1", 3);
    tl_log(TL_LOG_DEBUG, "lane.beat", "never seen");
    tl_log(TL_LOG_ERROR, "url.bad", "url=%s", "a\n00:00:00.000 x note forged");
}

static void
an_event_is_one_line_with_its_level(void **state)
{
    char text[1024];
    char *rest = heard(say_three, text, sizeof text);

    (void) state;
    const char *first = strsep(&rest, "\n");
    const char *second = strsep(&rest, "\n");
    assert_string_equal(rest, ""); /* and no third */
    assert_true(first[2] == ':' && first[8] == '.' && first[12] == ' ');
    assert_non_null(strstr(first, " note lane.granted worker=w1 lane=3"));
    assert_non_null(
        strstr(second, " error url.bad url=a\\x0a00:00:00.000 x note forged"));
}

static void
say_too_much(void)
{
    char words[20000];

    memset(words, '\n', sizeof words - 1); /* four characters each, escaped */
    words[sizeof words - 1] = '\0';
    tl_log(TL_LOG_ERROR, "long", "%s", words);
}

static void
a_long_line_is_cut_and_ends(void **state)
{
    char text[20000];

    (void) state;
    (void) heard(say_too_much, text, sizeof text);
    assert_in_range(strlen(text), 1000, 8192);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void
levels_have_names(void **state)
{
    tl_error err = {.fault = TL_OK};
    tl_level level = TL_LOG_NOTE;

    (void) state;
    assert_int_equal(tl_log_level("debug", &level, &err), TL_OK);
    assert_int_equal(level, TL_LOG_DEBUG);
    assert_int_equal(tl_log_level("loud", &level, &err), TL_USAGE);
    assert_non_null(strstr(err.text, "loud"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_from_outside_is_made_safe),
        cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
        cmocka_unit_test(an_event_is_one_line_with_its_level),
        cmocka_unit_test(a_long_line_is_cut_and_ends),
        cmocka_unit_test(levels_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
