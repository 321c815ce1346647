/* pace: when what waits is due, as rows. */
#include "proto/scope.h"
#include "sink/pace.h"
#include "tests/support/unit.h"

enum { NOW = 10000, PLENTY = 50000 };

static void
what_waits_is_due_when_it_should_be(void **state)
{
    static const struct {
        const char *what;
        size_t registers;
        int64_t first; /* when they came, ms before now */
        int64_t last;
        size_t reports;
        int64_t first_report;
        uint64_t pending;
        int64_t registers_due; /* ms from now; -1 never */
        int64_t reports_due;
    } cases[] = {
        {"nothing waits", 0, 0, 0, 0, 0, 0, -1, -1},
        {"a first register", 1, 0, 0, 0, 0, 0, 0, -1},
        {"the ventilator has little to send", 1, 0, 0, 0, 0, 8191, 0, -1},
        {"it has plenty, more may come", 1, 0, 0, 0, 0, PLENTY, 50, -1},
        {"they keep coming", 9, 300, 0, 0, 0, PLENTY, 50, -1},
        {"but not for ever", 9, 480, 0, 0, 0, PLENTY, 20, -1},
        {"their stream has paused", 9, 300, 50, 0, 0, PLENTY, 0, -1},
        {"no more fit", GROUP_REGISTERS, 1, 0, 0, 0, PLENTY, 0, -1},
        {"what is pending is about to end", 1, 0, 0, 900, 10, 9000, 0, 40},
        {"one report of many", 0, 0, 0, 1, 0, PLENTY, -1, 50},
        {"it has waited", 0, 0, 0, 1, 30, PLENTY, -1, 20},
        {"a commit is full", 0, 0, 0, TL_COMMIT_REPORTS, 1, PLENTY, -1, 0},
        {"the last reports", 0, 0, 0, 7, 0, 7, -1, 0},
        {"reports of what is not pending", 0, 0, 0, 1, 0, 0, -1, 0},
    };
    TL_SCOPED(group_destroy) group *waiting = group_new(1);

    (void) state;
    assert_non_null(waiting);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        waiting->register_count = cases[i].registers;
        waiting->first_register_ms = NOW - cases[i].first;
        waiting->last_register_ms = NOW - cases[i].last;
        waiting->report_count = cases[i].reports;
        waiting->first_report_ms = NOW - cases[i].first_report;

        int64_t registers = pace_registers(waiting, cases[i].pending, NOW);
        int64_t reports = pace_reports(waiting, cases[i].pending, NOW);
        if ((registers == INT64_MAX ? -1 : registers - NOW) != cases[i].registers_due ||
            (reports == INT64_MAX ? -1 : reports - NOW) != cases[i].reports_due)
            fail_msg("%s: registers %lld, reports %lld", cases[i].what,
                     (long long) (registers - NOW), (long long) (reports - NOW));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_waits_is_due_when_it_should_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
