#include <string.h>

#include "launcher/record_name.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

enum { WORDS = 4 };

static void
name_of(const char *output, const char *const *given, char name[RECORD_NAME_BYTES])
{
    char *argv[WORDS + 4] = {(char *) (uintptr_t) "run", (char *) (uintptr_t) "--output",
                             (char *) (uintptr_t) output, (char *) (uintptr_t) "--"};
    int argc = 4;
    tl_error err = {0};
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_LAUNCHER);

    for (size_t i = 0; i < WORDS && given[i]; i++)
        argv[argc++] = (char *) (uintptr_t) given[i];
    assert_int_equal(tl_options_parse(options, argc, argv, &err), TL_OK);
    assert_int_equal(record_name(options, name, &err), TL_OK);
}

static void
what_a_person_would_call_it_is_its_name(void **state)
{
    static const struct {
        const char *words[WORDS];
        const char *name; /* "x-" stands for "x-" and a digest */
    } rows[] = {
        {{"links.txt"}, "links"},
        {{"my_links-2.txt"}, "my_links-2"},
        {{"a.b.txt"}, "a.b"},
        {{"-"}, "stdin"},
        {{"links"}, "links-"},
        {{"links.csv"}, "links.csv-"},
        {{"links.txt.gz"}, "links.txt.gz-"},
        {{"./links.txt"}, "links-"},
        {{"lists/links.txt"}, "links-"},
        {{"/lists/links.txt"}, "links-"},
        {{"links.txt", "more.txt"}, "links-"},
        {{"-", "more.txt"}, "stdin-"},
        {{"https://example.com/../../1.jpg"}, "links-"},
        {{".txt"}, "_txt-"},
        {{"..txt"}, "_-"},
        {{".hidden.txt"}, "_hidden-"},
        {{"b\303\274cher.txt"}, "b__cher-"},
        {{"a b;c\n.txt"}, "a_b_c_-"},
        {{"0123456789012345678901234567890123456789012345678901234567890123456789.txt"},
         "01234567890123456789012345678901234567890123456789012-"},
    };
    char name[RECORD_NAME_BYTES];

    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t size = strlen(rows[i].name);

        name_of("images", rows[i].words, name);
        if (rows[i].name[size - 1] != '-') {
            assert_string_equal(name, rows[i].name);
            continue;
        }
        assert_memory_equal(name, rows[i].name, size);
        assert_int_equal(strlen(name), size + 8);
        assert_int_equal(strspn(name + size, "0123456789abcdef"), 8);
    }
}

static void
another_source_is_another_name(void **state)
{
    static const struct {
        const char *output;
        const char *words[WORDS];
    } rows[] = {
        {"images", {"links.txt"}},
        {"images", {"links"}},
        {"images", {"links.csv"}},
        {"images", {"./links.txt"}},
        {"images", {"a/links.txt"}},
        {"images", {"b/links.txt"}},
        {"/images", {"links.txt"}}, /* others may put theirs there as well */
        {"images", {"-"}},
        {"images", {"http://a/1.jpg"}},
        {"images", {"http://a/2.jpg"}},
        {"images", {"http://a/1.jpg", "http://a/2.jpg"}},
        {"images", {"http://a/2.jpg", "http://a/1.jpg"}},
        {"images", {"links.txt", "b.txt"}},
        {"images", {"links.txt", "c.txt"}},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    char names[ROWS][RECORD_NAME_BYTES];

    (void) state;
    for (size_t i = 0; i < ROWS; i++) {
        name_of(rows[i].output, rows[i].words, names[i]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(names[i], names[k]);
    }
}

static void
the_same_source_is_the_same_name(void **state)
{
    static const char *const words[] = {"lists/a.txt", "http://a/1.jpg", NULL};
    char first[RECORD_NAME_BYTES];
    char second[RECORD_NAME_BYTES];

    (void) state;
    name_of("images", words, first);
    name_of("images", words, second);
    assert_string_equal(first, second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_person_would_call_it_is_its_name),
        cmocka_unit_test(another_source_is_another_name),
        cmocka_unit_test(the_same_source_is_the_same_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
