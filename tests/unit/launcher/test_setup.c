#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/setup.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

enum { WORDS = 8 };

/* Every test works in a folder of its own, which is the current one. */
static int
enter_folder(void **state)
{
    char *folder = strdup("/tmp/tl-test-XXXXXX");

    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    int fd = open("links.txt", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_int_not_equal(fd, -1);
    assert_int_equal(close(fd), 0);
    *state = folder;
    return 0;
}

static int
leave_folder(void **state)
{
    static const char *const made[] = {
        "links.txt", "images/.thumbline", "images", "a/b/.thumbline", "a/b", "a"};

    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++)
        (void) remove(made[i]); /* what this test did not make is not there */
    int left = chdir("/") + rmdir(*state);
    free(*state);
    return left;
}

static tl_options *
parse(const char *const given[WORDS])
{
    char *argv[WORDS + 1] = {(char *) (uintptr_t) "run"};
    int argc = 1;
    tl_error err = {0};
    tl_options *options = tl_options_new(TL_LAUNCHER);

    for (; argc <= WORDS && given[argc - 1]; argc++)
        argv[argc] = (char *) (uintptr_t) given[argc - 1];
    assert_int_equal(tl_options_parse(options, argc, argv, &err), TL_OK);
    return options;
}

/* What a program makes of its command line; it is parsed as the program parses it. */
static tl_options *
told(const setup *self, tl_program program)
{
    tl_error err = {0};
    int argc = 0;
    TL_SCOPED(words_destroy) words *its = setup_words(self, program, "/run/x");
    char **argv = words_argv(its);
    tl_options *options = tl_options_new(program);

    assert_non_null(argv);
    while (argv[argc])
        argc++;
    if (tl_options_parse(options, argc, argv, &err) != TL_OK)
        fail_msg("%s", err.text);
    return options;
}

static void
each_program_is_told_what_concerns_it(void **state)
{
    static const char *const given[WORDS] = {
        "--size=64x64",           "--downloads=7",  "--quiet",  "--allow-net=127.0.0.0/8",
        "--allow-net=10.0.0.0/8", "--no-originals", "links.txt"};
    char images[64];
    char record[96];
    tl_error err = {0};
    uint32_t width = 0;
    uint32_t height = 0;
    TL_SCOPED(tl_options_destroy) tl_options *options = parse(given);
    TL_SCOPED(setup_destroy) setup *self = setup_new(options, &err);

    assert_non_null(self);
    assert_false(setup_reads_stdin(self));
    (void) snprintf(images, sizeof images, "%s/images", (char *) *state);
    (void) snprintf(record, sizeof record, "%s/.thumbline/links.db", images);

    TL_SCOPED(tl_options_destroy) tl_options *sink = told(self, TL_SINK);
    assert_string_equal(tl_text(sink, TL_OPT_RUN), "ipc:///run/x/run");
    assert_string_equal(tl_text(sink, TL_OPT_REPORT), "ipc:///run/x/report");
    assert_string_equal(tl_text(sink, TL_OPT_RECORD), record);
    assert_true(tl_flag(sink, TL_OPT_QUIET));

    TL_SCOPED(tl_options_destroy) tl_options *worker = told(self, TL_WORKER);
    assert_int_equal(tl_items(worker, TL_OPT_VENTILATOR), 1);
    assert_string_equal(tl_item(worker, TL_OPT_VENTILATOR, 0), "ipc:///run/x/control");
    assert_string_equal(tl_text(worker, TL_OPT_OUTPUT_ROOT), images);
    assert_int_equal(tl_number(worker, TL_OPT_DOWNLOADS), 7);
    assert_int_equal(tl_items(worker, TL_OPT_ALLOW_NET), 2);

    TL_SCOPED(tl_options_destroy) tl_options *ventilator = told(self, TL_VENTILATOR);
    assert_string_equal(tl_text(ventilator, TL_OPT_CONTROL), "ipc:///run/x/control");
    assert_string_equal(tl_text(ventilator, TL_OPT_SINK), "ipc:///run/x/run");
    assert_string_equal(tl_text(ventilator, TL_OPT_OUTPUT), images);
    assert_false(tl_flag(ventilator, TL_OPT_ORIGINALS));
    tl_pixels(ventilator, TL_OPT_SIZE, &width, &height);
    assert_int_equal(width, 64);
    assert_int_equal(tl_words(ventilator), 1);
    assert_string_equal(tl_word(ventilator, 0), "links.txt");
}

static void
a_person_may_ask_for_more_lines_than_the_default(void **state)
{
    static const struct {
        const char *given[WORDS];
        const char *level;
    } rows[] = {{{"links.txt"}, "warning"},
                {{"--log-level=debug", "links.txt"}, "debug"}};
    tl_error err = {0};

    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TL_SCOPED(tl_options_destroy) tl_options *options = parse(rows[i].given);
        TL_SCOPED(setup_destroy) setup *self = setup_new(options, &err);
        TL_SCOPED(tl_options_destroy) tl_options *worker = told(self, TL_WORKER);

        assert_string_equal(tl_text(worker, TL_OPT_LOG_LEVEL), rows[i].level);
    }
}

static void
folders_are_made_and_a_record_of_ones_own_is_kept(void **state)
{
    static const char *const given[WORDS] = {"--output=a/b", "--record=mine.db",
                                             "links.txt"};
    char folder[64];
    tl_error err = {0};
    TL_SCOPED(tl_options_destroy) tl_options *options = parse(given);
    TL_SCOPED(setup_destroy) setup *self = setup_new(options, &err);

    assert_non_null(self);
    (void) snprintf(folder, sizeof folder, "%s/a/b", (char *) *state);
    TL_SCOPED(tl_options_destroy) tl_options *worker = told(self, TL_WORKER);
    assert_string_equal(tl_text(worker, TL_OPT_OUTPUT_ROOT), folder);
    TL_SCOPED(tl_options_destroy) tl_options *sink = told(self, TL_SINK);
    assert_string_equal(tl_text(sink, TL_OPT_RECORD), "mine.db");
    assert_int_equal(access("a/b/.thumbline", F_OK), -1); /* nobody needs it */
}

static void
a_link_that_looks_like_an_option_stays_a_word(void **state)
{
    static const char *const given[WORDS] = {"-", "--", "--http://x"};
    tl_error err = {0};
    TL_SCOPED(tl_options_destroy) tl_options *options = parse(given);
    TL_SCOPED(setup_destroy) setup *self = setup_new(options, &err);

    (void) state;
    assert_non_null(self);
    assert_true(setup_reads_stdin(self));
    TL_SCOPED(tl_options_destroy) tl_options *ventilator = told(self, TL_VENTILATOR);
    assert_int_equal(tl_words(ventilator), 2);
    assert_string_equal(tl_word(ventilator, 1), "--http://x");
}

static void
what_cannot_work_is_refused_and_leaves_no_trace(void **state)
{
    static const struct {
        const char *given[WORDS];
        tl_fault fault;
        const char *says;
    } rows[] = {
        {{"--quiet"}, TL_USAGE, "nothing to do"},
        {{"missing.txt"}, TL_CANNOT_START, "cannot read the list missing.txt"},
        {{"links.txt", "missing.txt"}, TL_CANNOT_START, "missing.txt"},
        {{"--output=", "links.txt"}, TL_USAGE, "--output is empty"},
        {{"--output=links.txt", "links.txt"}, TL_CANNOT_START, "links.txt"},
        {{"--output=links.txt/x", "links.txt"}, TL_CANNOT_START, "links.txt"},
        {{"--output=/proc/none", "links.txt"}, TL_CANNOT_START, "/proc/none"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tl_error err = {0};
        TL_SCOPED(tl_options_destroy) tl_options *options = parse(rows[i].given);
        TL_SCOPED(setup_destroy) setup *self = setup_new(options, &err);

        assert_null(self);
        assert_int_equal(err.fault, rows[i].fault);
        assert_non_null(strstr(err.text, rows[i].says));
        assert_int_equal(access("images", F_OK), -1);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, enter_folder, leave_folder)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(each_program_is_told_what_concerns_it),
        CASE(a_person_may_ask_for_more_lines_than_the_default),
        CASE(folders_are_made_and_a_record_of_ones_own_is_kept),
        CASE(a_link_that_looks_like_an_option_stays_a_word),
        CASE(what_cannot_work_is_refused_and_leaves_no_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
