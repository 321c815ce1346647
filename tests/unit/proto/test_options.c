/* options: one table, read from four places, told in four ways. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/options.h"
#include "proto/options_table.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

enum { WORDS_MOST = 8 };

static tl_fault
parse(tl_options *options, const char *const *words, tl_error *err)
{
    char *argv[WORDS_MOST + 2] = {strdup("program")};
    int argc = 1;

    for (; words[argc - 1]; argc++)
        argv[argc] = strdup(words[argc - 1]);
    tl_fault fault = tl_options_parse(options, argc, argv, err);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return fault;
}

#define WORDS(...)                                                                       \
    (const char *const[])                                                                \
    {                                                                                    \
        __VA_ARGS__, NULL                                                                \
    }

static tl_options *
given(tl_program program, const char *const *words)
{
    tl_options *options = tl_options_new(program);
    tl_error err = {0};

    assert_non_null(options);
    if (parse(options, words, &err) != TL_OK)
        fail_msg("%s", err.text);
    return options;
}

static void
every_default_is_a_value_of_its_own_row(void **state)
{
    (void) state;
    for (unsigned program = TL_VENTILATOR; program <= TL_SHRINK; program <<= 1) {
        TL_SCOPED(tl_options_destroy)
        tl_options *options = tl_options_new((tl_program) program);

        assert_non_null(options);
        assert_int_equal(tl_words(options), 0);
    }
}

static void
a_command_line_says_things_in_several_ways(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *options =
        given(TL_VENTILATOR, WORDS("--tries=7", "list.txt", "--size", "64x32",
                                   "--no-originals", "--insecure", "-", "--"));
    uint32_t width = 0;
    uint32_t height = 0;

    (void) state;
    assert_int_equal(tl_number(options, TL_OPT_TRIES), 7);
    tl_pixels(options, TL_OPT_SIZE, &width, &height);
    assert_int_equal(width, 64);
    assert_int_equal(height, 32);
    assert_false(tl_flag(options, TL_OPT_ORIGINALS));
    assert_true(tl_flag(options, TL_OPT_INSECURE));
    assert_true(tl_flag(options, TL_OPT_SYNC));
    assert_int_equal(tl_words(options), 2);
    assert_string_equal(tl_word(options, 0), "list.txt");
    assert_string_equal(tl_word(options, 1), "-");
}

static void
behind_two_dashes_everything_is_a_word(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *options = given(TL_VENTILATOR, WORDS("--", "--tries=7", "--", "-x"));

    (void) state;
    assert_int_equal(tl_number(options, TL_OPT_TRIES), 4);
    assert_int_equal(tl_words(options), 3);
    assert_string_equal(tl_word(options, 0), "--tries=7");
}

static void
a_list_may_be_said_several_times(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *options =
        given(TL_WORKER, WORDS("--ventilator=tcp://a:1", "--ventilator", "tcp://b:1"));

    (void) state;
    assert_int_equal(tl_items(options, TL_OPT_VENTILATOR), 2);
    assert_string_equal(tl_item(options, TL_OPT_VENTILATOR, 0), "tcp://a:1");
    assert_string_equal(tl_item(options, TL_OPT_VENTILATOR, 1), "tcp://b:1");
    assert_int_equal(tl_items(options, TL_OPT_ALLOW_NET), 0);
}

static void
the_last_of_several_values_counts(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *options =
        given(TL_VENTILATOR, WORDS("--tries=7", "--tries=8", "--no-sync", "--sync"));

    (void) state;
    assert_int_equal(tl_number(options, TL_OPT_TRIES), 8);
    assert_true(tl_flag(options, TL_OPT_SYNC));
}

static void
what_a_command_line_gets_wrong_is_named(void **state)
{
    static const struct {
        const char *words[2];
        const char *told;
    } cases[] = {
        {{"--unknown"}, "no option --unknown"},
        {{"--unknown=3"}, "no option --unknown;"},
        {{"--no-unknown"}, "no option --no-unknown"},
        {{"--no-tries"}, "no option --no-tries"},
        {{"--no-originals=yes"}, "--no-originals takes no value"},
        {{"--record=x"}, "no option --record"}, /* another program's */
        {{"--tri=3"}, "no option --tri"},       /* nothing is abbreviated */
        {{"-x"}, "no option -x"},
        {{"---"}, "no option"},
        {{"--tries"}, "--tries needs a value"},
        {{"--tries="}, "--tries takes"},
        {{"--originals="}, "--originals is yes or no"},
        {{"--contact=\xff"}, "--contact is not UTF-8"},
        {{"--tries", "x"}, "--tries takes"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);
        const char *const words[] = {cases[i].words[0], cases[i].words[1], NULL};
        tl_error err = {0};

        print_message("  %s\n", words[0]);
        assert_int_equal(parse(options, words, &err), TL_USAGE);
        assert_non_null(strstr(err.text, cases[i].told));
    }
}

static void
write_config(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int
make_config(void **state)
{
    char path[] = "/tmp/test-options-XXXXXX";
    int fd = mkstemp(path);

    *state = strdup(path);
    return close(fd);
}

static int
remove_config(void **state)
{
    (void) unsetenv("THUMBLINE_TRIES");
    (void) unsetenv("THUMBLINE_CONTACT");
    (void) unsetenv("THUMBLINE_CONFIG");
    int status = unlink(*state);
    free(*state);
    return status;
}

static void
the_nearer_origin_wins(void **state)
{
    char flag[128];

    (void) snprintf(flag, sizeof flag, "--config=%s", (char *) *state);
    write_config(*state, "# of the house\n\n  tries =  5  \nlink-life=10m\nsize=1x1\n"
                         "contact = a = b \nrecord = of the sink\noriginals = no");
    assert_int_equal(setenv("THUMBLINE_TRIES", "6", 1), 0);
    assert_int_equal(setenv("THUMBLINE_CONTACT", "me", 1), 0);
    TL_SCOPED(tl_options_destroy)
    tl_options *options = given(TL_VENTILATOR, WORDS("--contact=you", flag));
    assert_string_equal(tl_text(options, TL_OPT_CONTACT), "you");
    assert_int_equal(tl_number(options, TL_OPT_TRIES), 6);
    assert_int_equal(tl_number(options, TL_OPT_LINK_LIFE), 600000);
    assert_false(tl_flag(options, TL_OPT_ORIGINALS));
    assert_int_equal(tl_number(options, TL_OPT_TIMEOUT), 0);
    /* The file may be named in the environment as well. */
    assert_int_equal(setenv("THUMBLINE_CONFIG", *state, 1), 0);
    assert_int_equal(unsetenv("THUMBLINE_CONTACT"), 0);
    TL_SCOPED(tl_options_destroy)
    tl_options *other = given(TL_VENTILATOR, (const char *const[]){NULL});
    assert_string_equal(tl_text(other, TL_OPT_CONTACT), "a = b");
}

static void
a_list_is_replaced_by_a_nearer_origin_not_continued(void **state)
{
    char flag[128];

    (void) snprintf(flag, sizeof flag, "--config=%s", (char *) *state);
    write_config(*state, "allow-net = 10.0.0.0/8\nallow-net = 192.168.0.0/16\n");
    TL_SCOPED(tl_options_destroy) tl_options *options = given(TL_WORKER, WORDS(flag));
    assert_int_equal(tl_items(options, TL_OPT_ALLOW_NET), 2);
    TL_SCOPED(tl_options_destroy)
    tl_options *other = given(TL_WORKER, WORDS(flag, "--allow-net=127.0.0.0/8"));
    assert_int_equal(tl_items(other, TL_OPT_ALLOW_NET), 1);
}

static void
what_a_config_file_gets_wrong_is_named_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *told;
    } cases[] = {
        {"tries = 5\nnonsense\n", "line 2: 'nonsense' is not"},
        {"\ntries = x\n", "line 2: --tries takes"},
        {"unknown = 3\n", "line 1: there is no option --unknown"},
        {"= 3\n", "line 1: there is no option --"},
        {"contact = \xff\n", "line 1: the value of --contact is not UTF-8"},
    };
    char flag[128];

    (void) snprintf(flag, sizeof flag, "--config=%s", (char *) *state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);
        tl_error err = {0};

        write_config(*state, cases[i].text);
        assert_int_equal(parse(options, WORDS(flag), &err), TL_USAGE);
        assert_non_null(strstr(err.text, cases[i].told));
        assert_non_null(strstr(err.text, *state));
    }
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);
    tl_error err = {0};
    char line[5001];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    write_config(*state, line);
    assert_int_equal(parse(options, WORDS(flag), &err), TL_OK + TL_USAGE);
    assert_int_equal(parse(options, WORDS("--config=/nowhere/at/all"), &err), TL_USAGE);
    assert_non_null(strstr(err.text, "/nowhere/at/all: No such file"));
}

static void
a_bad_environment_is_named(void **state)
{
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);
    tl_error err = {0};

    (void) state;
    assert_int_equal(setenv("THUMBLINE_TRIES", "many", 1), 0);
    assert_int_equal(parse(options, (const char *const[]){NULL}, &err), TL_USAGE);
    assert_non_null(strstr(err.text, "THUMBLINE_TRIES"));
}

/* ---- telling ---------------------------------------------------------------------- */

static char *
told(tl_program program, const char *const *words)
{
    TL_SCOPED(tl_options_destroy) tl_options *options = given(program, words);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_true(tl_options_answered(options, "program [OPTION...]", out));
    assert_int_equal(fclose(out), 0);
    return text;
}

static void
help_lists_every_option_of_its_program_and_no_other(void **state)
{
    (void) state;
    for (unsigned program = TL_VENTILATOR; program <= TL_SHRINK; program <<= 1) {
        char *text = told((tl_program) program, WORDS("-h"));

        assert_non_null(strstr(text, "usage: program [OPTION...]"));
        for (int i = 0; i < TL_OPTIONS; i++) {
            const tl_option_row *row = tl_option_row_of((tl_option) i);
            bool on = row->kind == TL_KIND_FLAG && strcmp(row->initial, "yes") == 0;
            char line[80];

            (void) snprintf(line, sizeof line, "\n  --%s%s ", on ? "no-" : "", row->name);
            bool listed = strstr(text, line) != NULL;
            line[strlen(line) - 1] = '\n'; /* a long name has a line of its own */
            listed = listed || strstr(text, line);
            assert_int_equal(listed,
                             tl_option_belongs((tl_option) i, (tl_program) program));
            assert_true(!listed || strstr(text, row->help));
        }
        free(text);
    }
}

static void
a_shown_config_is_a_config_that_says_the_same(void **state)
{
    char flag[128];
    char *first =
        told(TL_WORKER, WORDS("--show-config", "--downloads=7", "--memory=64MiB",
                              "--allow-net=10.0.0.0/8", "--name=w \xc3\xa4"));

    assert_non_null(strstr(first, "downloads = 7\n"));
    assert_null(strstr(first, "show-config"));
    write_config(*state, first);
    (void) snprintf(flag, sizeof flag, "--config=%s", (char *) *state);
    char *second = told(TL_WORKER, WORDS("--show-config", flag));
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void
questions_are_answered_once_and_nothing_else_is(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *options = given(TL_SINK, WORDS("--quiet"));
    char *version = told(TL_SINK, WORDS("--version"));
    char *roff = told(TL_SINK, WORDS("--options-roff"));

    (void) state;
    assert_false(tl_options_answered(options, "", stdout));
    assert_non_null(strstr(version, tl_release()));
    assert_non_null(strstr(roff, ".BR \\-\\-record"));
    free(version);
    free(roff);
}

static void
the_run_is_told_what_differs_from_its_defaults(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *plain = given(TL_VENTILATOR, WORDS("--tries=9", "--size=128x128"));
    TL_SCOPED(tl_options_destroy)
    tl_options *options = given(
        TL_VENTILATOR, WORDS("--no-originals", "--size=64x64", "--tries=9", "list"));
    const char *name = NULL;
    const char *value = NULL;

    (void) state;
    assert_false(tl_options_run_at(plain, 0, &name, &value));
    assert_true(tl_options_run_at(options, 0, &name, &value));
    assert_string_equal(name, "size");
    assert_string_equal(value, "64x64");
    assert_true(tl_options_run_at(options, 1, &name, &value));
    assert_string_equal(name, "originals");
    assert_string_equal(value, "no");
    assert_false(tl_options_run_at(options, 2, &name, &value));
}

static void
what_was_given_is_passed_on_and_means_the_same_there(void **state)
{
    TL_SCOPED(tl_options_destroy)
    tl_options *options =
        given(TL_LAUNCHER, WORDS("--downloads=3", "--allow-net=10.0.0.0/8", "--no-sync",
                                 "--allow-net=::1/128", "--record=r.db", "--tries=2"));
    static const struct {
        tl_program program;
        const char *words[5];
    } cases[] = {
        {TL_VENTILATOR, {"--sync=no", "--tries=2"}},
        {TL_WORKER, {"--downloads=3", "--allow-net=10.0.0.0/8", "--allow-net=::1/128"}},
        {TL_SINK, {"--record=r.db"}},
        {TL_SHRINK, {NULL}},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *word = NULL;
        size_t count = 0;

        while ((word = tl_options_forward(options, cases[i].program, count))) {
            bool known = false;

            for (size_t k = 0; cases[i].words[k]; k++)
                known = known || strcmp(word, cases[i].words[k]) == 0;
            assert_true(known);
            TL_SCOPED(tl_options_destroy)
            tl_options *there = given(cases[i].program, WORDS(word));
            free(word);
            count++;
        }
        for (size_t k = 0; cases[i].words[k]; k++)
            count--;
        assert_int_equal(count, 0);
    }
}

static void
one_option_can_be_set_by_name(void **state)
{
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);
    tl_error err = {0};

    (void) state;
    assert_int_equal(tl_options_set(options, "tries", "3", &err), TL_OK);
    assert_int_equal(tl_number(options, TL_OPT_TRIES), 3);
    assert_int_equal(tl_options_set(options, "tries", "0", &err), TL_USAGE);
    assert_int_equal(tl_number(options, TL_OPT_TRIES), 3);
    assert_int_equal(tl_options_set(options, "record", "x", &err), TL_USAGE);
    assert_int_equal(tl_options_set(options, "", "x", &err), TL_USAGE);
}

#define WITH_CONFIG(test)                                                                \
    cmocka_unit_test_setup_teardown(test, make_config, remove_config)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_default_is_a_value_of_its_own_row),
        cmocka_unit_test(a_command_line_says_things_in_several_ways),
        cmocka_unit_test(behind_two_dashes_everything_is_a_word),
        cmocka_unit_test(a_list_may_be_said_several_times),
        cmocka_unit_test(the_last_of_several_values_counts),
        cmocka_unit_test(what_a_command_line_gets_wrong_is_named),
        WITH_CONFIG(the_nearer_origin_wins),
        WITH_CONFIG(a_list_is_replaced_by_a_nearer_origin_not_continued),
        WITH_CONFIG(what_a_config_file_gets_wrong_is_named_with_its_line),
        WITH_CONFIG(a_bad_environment_is_named),
        cmocka_unit_test(help_lists_every_option_of_its_program_and_no_other),
        WITH_CONFIG(a_shown_config_is_a_config_that_says_the_same),
        cmocka_unit_test(questions_are_answered_once_and_nothing_else_is),
        cmocka_unit_test(the_run_is_told_what_differs_from_its_defaults),
        cmocka_unit_test(what_was_given_is_passed_on_and_means_the_same_there),
        cmocka_unit_test(one_option_can_be_set_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
