/* tally and histogram: counts by verdict and fault, percentiles within 1 %, workers; and
 * the progress line and summary that are made of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "sink/progress.h"
#include "sink/summary.h"
#include "sink/tally.h"
#include "tests/support/unit.h"

static tl_report
report_by(const char *worker, tl_verdict verdict, tl_fault fault)
{
    return (tl_report){.worker = tl_view(worker),
                       .verdict = verdict,
                       .fault = fault,
                       .bytes = 500000,
                       .body = 12000};
}

static int
compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *) a;
    uint64_t right = *(const uint64_t *) b;

    return left < right ? -1 : left > right;
}

static void
percentiles_are_right_within_one_percent(void **state)
{
    enum { VALUES = 100000 };
    static const double percents[] = {1, 50, 95, 99, 99.9};
    histogram *self = calloc(1, sizeof *self);
    uint64_t *values = calloc(VALUES, sizeof *values);
    uint64_t seed = 42;

    (void) state;
    assert_non_null(self);
    assert_non_null(values);
    for (size_t i = 0; i < VALUES; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        values[i] = (seed >> 33) >> (seed >> 20 & 31); /* of every magnitude */
        histogram_add(self, values[i]);
    }
    qsort(values, VALUES, sizeof *values, compare);
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        double exact = (double) values[(size_t) (percents[i] / 100 * VALUES) - 1];
        double got = (double) histogram_percentile(self, percents[i]);

        assert_true(got >= exact * 0.99 - 1 && got <= exact * 1.01 + 1);
    }
    assert_int_equal(self->most, values[VALUES - 1]);
    free(values);
    free(self);
}

static void
a_histogram_takes_any_value(void **state)
{
    static const uint64_t values[] = {0, 1, 127, 128, 129, 255, 256, UINT64_MAX};
    histogram *self = calloc(1, sizeof *self);

    (void) state;
    assert_non_null(self);
    assert_int_equal(histogram_percentile(self, 50), 0);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        histogram_add(self, values[i]);
    assert_int_equal(histogram_percentile(self, 1), 0);
    /* the middle of the last bucket */
    assert_int_equal(histogram_percentile(self, 100), (uint64_t) 255 << 35);
    assert_int_equal(self->most, UINT64_MAX);
    free(self);
}

static void
ends_are_counted_by_verdict_fault_and_worker(void **state)
{
    TL_SCOPED(tally_destroy) tally *self = tally_new();
    const tl_report reports[] = {
        report_by("w1", TL_DONE, TL_OK),
        report_by("w1", TL_FAILED, TL_HTTP_4XX),
        report_by("w2", TL_DONE, TL_OK),
        report_by("", TL_CANCELLED, TL_RUN_CANCELLED),
    };

    (void) state;
    tally_register(self, 6);
    tally_set_duplicates(self, 2);
    for (size_t i = 0; i < 4; i++)
        tally_end(self, &reports[i]);
    assert_int_equal(tally_count(self, TL_DONE), 2);
    assert_int_equal(tally_faults(self, TL_FAILED, TL_HTTP_4XX), 1);
    assert_int_equal(tally_count(self, TL_PENDING), 2);
    assert_int_equal(tally_ended(self), 4);
    assert_int_equal(tally_bytes(self), 2000000);
    assert_int_equal(tally_times(self, TALLY_BODY)->count, 4);
    assert_int_equal(tally_times(self, TALLY_DNS)->count, 0);
    assert_string_equal(tally_worker_at(self, 0)->name, "w1");
    assert_int_equal(tally_worker_at(self, 0)->links, 2);
    assert_int_equal(tally_worker_at(self, 0)->done, 1);
    assert_null(tally_worker_at(self, 2));
    tally_reopen(self, TL_RUN_CANCELLED);
    assert_int_equal(tally_count(self, TL_PENDING), 3);
    assert_int_equal(tally_faults(self, TL_CANCELLED, TL_RUN_CANCELLED), 0);
}

static void
no_number_of_workers_is_too_many(void **state)
{
    TL_SCOPED(tally_destroy) tally *self = tally_new();
    char name[32];
    size_t count = 0;

    (void) state;
    tally_register(self, 5000);
    for (int i = 0; i < 5000; i++) {
        (void) snprintf(name, sizeof name, "worker-%d", i);
        const tl_report report = report_by(name, TL_DONE, TL_OK);
        tally_end(self, &report);
    }
    while (tally_worker_at(self, count))
        count++;
    assert_int_equal(count, 1025);
    assert_string_equal(tally_worker_at(self, 1024)->name, "(others)");
    assert_int_equal(tally_worker_at(self, 1024)->links, 5000 - 1024);
}

static void
the_progress_line_says_what_is_known(void **state)
{
    static const struct {
        const char *what;
        book_view view;
        uint64_t links;
        uint64_t failed;
        uint64_t done;
        const char *line;
    } cases[] = {
        {"nobody there", {.state = BOOK_WAITING}, 0, 0, 0, "waiting for a ventilator"},
        {"total known",
         {.state = BOOK_RUNNING, .listed = true},
         2000,
         12,
         1222,
         "1234/2000 (61 %)  240 img/s  12 failed  eta 4 s"},
        {"total estimated",
         {.state = BOOK_RUNNING, .read_bytes = 10, .total_bytes = 40},
         500,
         0,
         480,
         "480/~2000 (~24 %)  240 img/s  eta 7 s"},
        {"total unknown", {.state = BOOK_RUNNING}, 500, 0, 480, "480/500+  240 img/s"},
        {"done",
         {.state = BOOK_COMPLETE, .listed = true},
         500,
         0,
         500,
         "500/500 (100 %)  240 img/s"},
        {"stalled",
         {.state = BOOK_RUNNING, .listed = true, .stalled = true},
         500,
         0,
         250,
         "250/500 (50 %)  240 img/s  the record cannot be written"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(tally_destroy) tally *counts = tally_new();
        const tl_report done = report_by("w", TL_DONE, TL_OK);
        const tl_report failed = report_by("w", TL_FAILED, TL_TIMEOUT);
        const progress speed = {.rate = 240};
        char line[128];

        tally_register(counts, cases[i].links);
        for (uint64_t n = 0; n < cases[i].done; n++)
            tally_end(counts, &done);
        for (uint64_t n = 0; n < cases[i].failed; n++)
            tally_end(counts, &failed);
        (void) progress_line(&speed, &cases[i].view, counts, line, sizeof line);
        if (strcmp(line, cases[i].line) != 0)
            fail_msg("%s: '%s', not '%s'", cases[i].what, line, cases[i].line);
    }
}

static void
the_speed_follows_the_last_seconds(void **state)
{
    TL_SCOPED(tally_destroy) tally *counts = tally_new();
    const tl_report done = report_by("w", TL_DONE, TL_OK);
    progress self = {0};
    int64_t now_ms = 1000;

    (void) state;
    tally_register(counts, 100000);
    progress_look(&self, counts, now_ms);
    for (int second = 0; second < 20; second++) {
        for (int n = 0; n < (second < 5 ? 10 : 200); n++)
            tally_end(counts, &done);
        progress_look(&self, counts, now_ms += 1000);
        if (second == 0)
            assert_true(self.rate > 9.9 && self.rate < 10.1);
    }
    assert_true(self.rate > 195 && self.rate <= 200);
}

static void
the_summary_starts_with_the_time_and_escapes_foreign_text(void **state)
{
    TL_SCOPED(tally_destroy) tally *counts = tally_new();
    const tl_report done = report_by("w\x1b[2J", TL_DONE, TL_OK);
    const tl_report failed = report_by("w2", TL_FAILED, TL_HTTP_4XX);
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    (void) state;
    assert_non_null(out);
    tally_register(counts, 4);
    tally_set_duplicates(counts, 1);
    tally_end(counts, &done);
    tally_end(counts, &done);
    tally_end(counts, &failed);
    summary_print(out, counts, 12430, 1);
    (void) fclose(out);
    assert_memory_equal(text, "Took 12.43 s\n", 13);
    assert_non_null(strstr(text, "5 links: 2 done, 1 duplicate, 1 failed, 1 pending\n"));
    assert_non_null(strstr(text, "1 failed: http_4xx: the server refuses"));
    assert_non_null(
        strstr(text, "0.1 images/s, 1.5 MB downloaded\n")); /* of this session */
    assert_non_null(strstr(text, "w\\x1b[2J"));
    assert_non_null(strstr(text, "body"));
    assert_null(strstr(text, "dns"));
    assert_null(strchr(text, 0x1b));
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_are_right_within_one_percent),
        cmocka_unit_test(a_histogram_takes_any_value),
        cmocka_unit_test(ends_are_counted_by_verdict_fault_and_worker),
        cmocka_unit_test(no_number_of_workers_is_too_many),
        cmocka_unit_test(the_progress_line_says_what_is_known),
        cmocka_unit_test(the_speed_follows_the_last_seconds),
        cmocka_unit_test(the_summary_starts_with_the_time_and_escapes_foreign_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
