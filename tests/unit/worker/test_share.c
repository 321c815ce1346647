/* share: nobody gets less than an equal part unless it wants less. */
#include "tests/support/unit.h"
#include "worker/share.h"

enum { RUNS = 4 };

static const struct {
    uint32_t total;
    uint32_t wanted[RUNS];
    uint32_t parts[RUNS];
} rows[] = {
    {40, {SHARE_ALL}, {40}},
    {40, {SHARE_ALL, SHARE_ALL}, {20, 20}},
    {40, {SHARE_ALL, 0, SHARE_ALL, SHARE_ALL}, {14, 0, 13, 13}},
    {40, {4, SHARE_ALL}, {4, 36}},
    {40, {4, 12, SHARE_ALL, SHARE_ALL}, {4, 12, 12, 12}},
    {40, {1, 2, 3, 4}, {1, 2, 3, 4}},
    {3, {SHARE_ALL, SHARE_ALL, SHARE_ALL, SHARE_ALL}, {1, 1, 1, 0}},
    {0, {SHARE_ALL, 5}, {0, 0}},
    {40, {0}, {0}},
};

static void
the_split_is_max_min_fair(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t parts[RUNS];

        share_split(rows[i].total, rows[i].wanted, parts, RUNS);
        assert_memory_equal(parts, rows[i].parts, sizeof parts);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_split_is_max_min_fair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
