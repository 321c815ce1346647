/* fetch — requests a second and CPU a request of the downloader alone.
 *
 *     bench_fetch COUNT AT_ONCE URL
 *
 * A "%d" in URL becomes a number from 1 to 100; 127.0.0.0/8 is allowed. Compare with
 * `curl --parallel --parallel-max AT_ONCE`, which does no more than this either. */
#include "worker/fetch.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "proto/clock.h"
#include "proto/scope.h"

enum { FILES = 100, BODY_BYTES = 32 << 20, MEMORY_BYTES = 512 << 20, SLEEP_MS = 1000 };

typedef struct {
    uint64_t good;
    uint64_t bytes;
} tally;

static void
start(fetch *self, const char *pattern, uint64_t number)
{
    char url[512];
    const char *mark = strstr(pattern, "%d");
    size_t before = mark ? (size_t) (mark - pattern) : strlen(pattern);

    (void) snprintf(url, sizeof url, "%.*s%.0" PRIu64 "%s", (int) before, pattern,
                    mark ? number % FILES + 1 : 0, mark ? mark + 2 : "");
    fetch_order order = {.ticket = self,
                         .url = url,
                         .agent = "bench",
                         .connect_ms = 5000,
                         .transfer_ms = 30000,
                         .low_speed_ms = 10000,
                         .body_cap = BODY_BYTES};
    fetch_start(self, &order, tl_now_ms());
}

static double
cpu_seconds(void)
{
    struct rusage used;

    (void) getrusage(RUSAGE_SELF, &used);
    return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

/* Take what has ended; returns how many. */
static uint64_t
collect(fetch *self, bodies *pool, tally *counted)
{
    fetch_result result;
    uint64_t ended = 0;

    for (; fetch_next(self, &result); ended++) {
        counted->good += result.fault == TL_OK;
        counted->bytes += result.body ? tl_buf_size(result.body) : 0;
        bodies_give(pool, &result.body);
    }
    return ended;
}

/* Sleep; true if a transfer is ready. */
static bool
rest(const fetch *self)
{
    struct pollfd wait = {.fd = fetch_descriptor(self), .events = POLLIN};
    int64_t left = fetch_deadline_ms(self) - tl_now_ms();

    return poll(&wait, 1, left < 0 ? 0 : left > SLEEP_MS ? SLEEP_MS : (int) left) > 0;
}

int
main(int argc, char **argv)
{
    tl_error err = {0};
    uint64_t count = argc > 3 ? strtoull(argv[1], NULL, 10) : 0;
    size_t at_once = argc > 3 ? strtoull(argv[2], NULL, 10) : 1;
    TL_SCOPED(guard_destroy) guard *gate = guard_new();
    TL_SCOPED(bodies_destroy) bodies *pool = bodies_new(MEMORY_BYTES);
    TL_SCOPED(fetch_destroy) fetch *self = fetch_new(at_once, gate, pool, &err);
    uint64_t started = 0;
    tally counted = {0};

    if (!self || guard_allow(gate, "127.0.0.0/8", &err) != TL_OK)
        return 1;
    int64_t begun = tl_now_us();
    bool rang = false;
    for (uint64_t ended = 0; ended < count;) {
        fetch_work(self, rang, tl_now_ms());
        ended += collect(self, pool, &counted);
        while (started < count && fetch_has_room(self))
            start(self, argv[3], started++);
        rang = rest(self);
    }
    double took = (double) (tl_now_us() - begun) / 1e6;
    (void) printf("%" PRIu64 " of %" PRIu64 " good, %.1f MB in %.2f s: %.0f requests/s, "
                  "%.1f us CPU each\n",
                  counted.good, count, (double) counted.bytes / 1e6, took,
                  (double) count / took, cpu_seconds() * 1e6 / (double) count);
    return 0;
}
