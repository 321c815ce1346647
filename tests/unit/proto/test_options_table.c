/* options_table: how a value of each kind reads. */
#include <string.h>

#include "proto/options_table.h"
#include "tests/support/unit.h"

static void
values_of_every_kind_are_read(void **state)
{
    static const struct {
        tl_option option;
        const char *text;
        uint64_t number;
    } cases[] = {
        {TL_OPT_ORIGINALS, "yes", 1},
        {TL_OPT_ORIGINALS, "true", 1},
        {TL_OPT_ORIGINALS, "1", 1},
        {TL_OPT_ORIGINALS, "no", 0},
        {TL_OPT_ORIGINALS, "false", 0},
        {TL_OPT_ORIGINALS, "0", 0},
        {TL_OPT_TRIES, "1", 1},
        {TL_OPT_TRIES, "50", 50},
        {TL_OPT_TRIES, "007", 7},
        {TL_OPT_BODY_CAP, "1024", 1024},
        {TL_OPT_BODY_CAP, "1KiB", 1024},
        {TL_OPT_BODY_CAP, "64MiB", 64 << 20},
        {TL_OPT_BODY_CAP, "1GiB", 1 << 30},
        {TL_OPT_BODY_CAP, "2kB", 2000},
        {TL_OPT_BODY_CAP, "2MB", 2000000},
        {TL_OPT_BODY_CAP, "1GB", 1000000000},
        {TL_OPT_CONNECT_TIMEOUT, "1ms", 1},
        {TL_OPT_CONNECT_TIMEOUT, "500ms", 500},
        {TL_OPT_CONNECT_TIMEOUT, "5", 5000},
        {TL_OPT_CONNECT_TIMEOUT, "5s", 5000},
        {TL_OPT_CONNECT_TIMEOUT, "1m30s", 90000},
        {TL_OPT_CONNECT_TIMEOUT, "10m", 600000},
        {TL_OPT_LINK_LIFE, "1h", 3600000},
        {TL_OPT_LINK_LIFE, "7d", 604800000},
        {TL_OPT_TIMEOUT, "0", 0},
        {TL_OPT_SIZE, "128x128", (uint64_t) 128 << 32 | 128},
        {TL_OPT_SIZE, "1x16384", (uint64_t) 1 << 32 | 16384},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tl_option_row *row = tl_option_row_of(cases[i].option);
        uint64_t number = 99;
        tl_error err = {0};

        print_message("  --%s=%s\n", row->name, cases[i].text);
        assert_int_equal(tl_option_number(row, cases[i].text, &number, &err), TL_OK);
        assert_int_equal(number, cases[i].number);
    }
}

static void
what_is_no_value_is_refused_with_the_options_name(void **state)
{
    static const struct {
        tl_option option;
        const char *text;
        const char *told; /* besides the name */
    } cases[] = {
        {TL_OPT_ORIGINALS, "", "yes or no"},
        {TL_OPT_ORIGINALS, "YES", "yes or no"},
        {TL_OPT_ORIGINALS, "maybe", "'maybe'"},
        {TL_OPT_TRIES, "", "whole number"},
        {TL_OPT_TRIES, "0", "from 1 to 50"},
        {TL_OPT_TRIES, "51", "from 1 to 50"},
        {TL_OPT_TRIES, "-1", "whole number"},
        {TL_OPT_TRIES, "+1", "whole number"},
        {TL_OPT_TRIES, " 1", "whole number"},
        {TL_OPT_TRIES, "1 ", "whole number"},
        {TL_OPT_TRIES, "1.5", "whole number"},
        {TL_OPT_TRIES, "0x10", "whole number"},
        {TL_OPT_TRIES, "4s", "whole number"},
        {TL_OPT_TRIES, "18446744073709551616", "whole number"},
        {TL_OPT_BODY_CAP, "1023", "bytes"},
        {TL_OPT_BODY_CAP, "2GiB", "from 1024"},
        {TL_OPT_BODY_CAP, "64mb", "512MiB"},
        {TL_OPT_BODY_CAP, "64 MiB", "512MiB"},
        {TL_OPT_BODY_CAP, "1MiB2KiB", "512MiB"},
        {TL_OPT_BODY_CAP, "MiB", "512MiB"},
        {TL_OPT_BODY_CAP, "18446744073709551615KiB", "512MiB"},
        {TL_OPT_CONNECT_TIMEOUT, "0", "from 1 to 600000 ms"},
        {TL_OPT_CONNECT_TIMEOUT, "11m", "from 1 to 600000 ms"},
        {TL_OPT_CONNECT_TIMEOUT, "5x", "500ms"},
        {TL_OPT_CONNECT_TIMEOUT, "5s5", NULL}, /* five seconds and five more: fine */
        {TL_OPT_CONNECT_TIMEOUT, "s", "500ms"},
        {TL_OPT_CONNECT_TIMEOUT, "1.5s", "500ms"},
        {TL_OPT_CONNECT_TIMEOUT, "213503982334602d", "500ms"},
        {TL_OPT_SIZE, "128", "128x128"},
        {TL_OPT_SIZE, "128x", "128x128"},
        {TL_OPT_SIZE, "x128", "128x128"},
        {TL_OPT_SIZE, "128X128", "128x128"},
        {TL_OPT_SIZE, "128x128x1", "128x128"},
        {TL_OPT_SIZE, " 128x128", "128x128"},
        {TL_OPT_SIZE, "128x-1", "128x128"},
        {TL_OPT_SIZE, "0x128", "from 1 to 16384"},
        {TL_OPT_SIZE, "128x16385", "from 1 to 16384"},
        {TL_OPT_SIZE, "99999999999999999999x1", "from 1 to 16384"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const tl_option_row *row = tl_option_row_of(cases[i].option);
        uint64_t number = 0;
        tl_error err = {0};

        print_message("  --%s=%s\n", row->name, cases[i].text);
        tl_fault fault = tl_option_number(row, cases[i].text, &number, &err);
        assert_int_equal(fault, cases[i].told ? TL_USAGE : TL_OK);
        if (!cases[i].told)
            continue;
        assert_non_null(strstr(err.text, row->name));
        assert_non_null(strstr(err.text, cases[i].told));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind_are_read),
        cmocka_unit_test(what_is_no_value_is_refused_with_the_options_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
