#include "sink/summary.h"

#include <inttypes.h>
#include <string.h>

#include "proto/log.h"

enum {
    TIME_BYTES = 24,
    WORKERS_SHOWN = 20,
    ESCAPED_BYTES = 4 * TL_WORKER_NAME_BYTES + 1
};

/* What people want to know first comes first. */
static const tl_verdict order[] = {TL_DONE,   TL_UNCHANGED, TL_SKIPPED,   TL_DUPLICATE,
                                   TL_FAILED, TL_LOST,      TL_CANCELLED, TL_PENDING};

static void
print_verdicts(FILE *out, const tally *counts)
{
    uint64_t lines = tally_links(counts) + tally_count(counts, TL_DUPLICATE);
    const char *between = ": ";

    (void) fprintf(out, "%" PRIu64 " links", lines);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        uint64_t count = tally_count(counts, order[i]);

        if (count == 0)
            continue;
        (void) fprintf(out, "%s%" PRIu64 " %s", between, count,
                       tl_verdict_label(order[i]));
        between = ", ";
    }
    (void) fputc('\n', out);
}

static void
print_faults(FILE *out, const tally *counts)
{
    static const tl_verdict with[] = {TL_FAILED, TL_LOST, TL_SKIPPED, TL_CANCELLED};
    tl_fault fault;

    for (size_t v = 0; v < sizeof with / sizeof with[0]; v++)
        for (size_t i = 0; tl_fault_at(i, &fault); i++) {
            uint64_t count = tally_faults(counts, with[v], fault);

            if (count > 0 && fault != TL_OK)
                (void) fprintf(out, "%8" PRIu64 " %s: %s: %s\n", count,
                               tl_verdict_label(with[v]), tl_fault_label(fault),
                               tl_fault_meaning(fault));
        }
}

/* "840 us", "12.3 ms", "2.41 s" */
static char *
format_time(uint64_t us, char *out)
{
    if (us < 1000)
        (void) snprintf(out, TIME_BYTES, "%" PRIu64 " us", us);
    else if (us < 1000000)
        (void) snprintf(out, TIME_BYTES, us < 100000 ? "%.1f ms" : "%.0f ms",
                        (double) us / 1e3);
    else
        (void) snprintf(out, TIME_BYTES, "%.2f s", (double) us / 1e6);
    return out;
}

static void
print_times(FILE *out, const tally *counts)
{
    static const double percents[] = {50, 95, 99};
    bool headed = false;

    for (tally_phase phase = 0; phase < TALLY_PHASES; phase++) {
        const histogram *times = tally_times(counts, phase);
        char text[TIME_BYTES];

        if (times->count == 0)
            continue;
        if (!headed)
            (void) fprintf(out, "\n%-10s %9s %9s %9s %9s %9s\n", "", "p50", "p95", "p99",
                           "max", "links");
        headed = true;
        (void) fprintf(out, "%-10s", tally_phase_label(phase));
        for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++)
            (void) fprintf(out, " %9s",
                           format_time(histogram_percentile(times, percents[i]), text));
        (void) fprintf(out, " %9s %9" PRIu64 "\n", format_time(times->most, text),
                       times->count);
    }
}

static void
print_workers(FILE *out, const tally *counts)
{
    const tally_worker *worker = NULL;
    uint64_t all = 0;
    size_t i = 0;

    while ((worker = tally_worker_at(counts, i++)))
        all += worker->links;
    if (all == 0)
        return;
    (void) fprintf(out, "\n%-24s %9s %9s %7s %10s\n", "worker", "links", "done", "share",
                   "MB");
    for (i = 0; (worker = tally_worker_at(counts, i)) && i < WORKERS_SHOWN; i++) {
        char name[ESCAPED_BYTES];

        (void) tl_escape(worker->name, strlen(worker->name), name, sizeof name);
        (void) fprintf(out, "%-24s %9" PRIu64 " %9" PRIu64 " %5.1f %% %10.1f\n", name,
                       worker->links, worker->done,
                       (double) worker->links * 100 / (double) all,
                       (double) worker->bytes / 1e6);
    }
    while (tally_worker_at(counts, i))
        i++;
    if (i > WORKERS_SHOWN)
        (void) fprintf(out, "and %zu more\n", i - WORKERS_SHOWN);
}

void
summary_print(FILE *out, const tally *counts, int64_t took_ms, uint64_t done_before)
{
    uint64_t done = tally_count(counts, TL_DONE);
    double seconds = (double) (took_ms > 0 ? took_ms : 1) / 1e3;

    (void) fprintf(out, "Took %.2f s\n", (double) took_ms / 1e3);
    print_verdicts(out, counts);
    print_faults(out, counts);
    (void) fprintf(out, "%.1f images/s, %.1f MB downloaded\n",
                   (double) (done - done_before) / seconds,
                   (double) tally_bytes(counts) / 1e6);
    print_times(out, counts);
    print_workers(out, counts);
    (void) fflush(out); /* nothing can be done about a reader that is gone */
}
