/* A worker ten times slower than its three peers must not stretch a run: the real ledger
 * hands out 2,000 tasks in virtual time, so the figure is exact on any machine. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"
#include "ventilator/ledger.h"

enum { LINKS = 2000, WORKERS = 4, SLOTS = 16, FAST_MS = 20, SLOW_MS = 200, HELD = 4096 };

typedef struct {
    uint32_t number;
    int64_t task_ms;
    size_t slack;
    uint64_t top;
    size_t queued; /* waiting for a slot; ids[0..running) run */
    size_t count;
    uint64_t ids[HELD];
    int64_t ends_ms[HELD]; /* -1: not begun */
} fake_worker;

static void
beat(ledger *ledger, fake_worker *worker, int64_t now_ms)
{
    tl_error err = {0};
    ledger_beat state = {
        .lane = LEDGER_LANE_OURS,
        .top = worker->top,
        .slots = (uint32_t) (SLOTS + worker->slack),
        .held = worker->ids,
        .held_count = worker->count,
    };

    assert_int_equal(ledger_heartbeat(ledger, worker->number, &state, now_ms, &err),
                     TL_OK);
}

static void
begin_what_fits(fake_worker *worker, int64_t now_ms)
{
    size_t running = 0;

    for (size_t i = 0; i < worker->count; i++)
        running += worker->ends_ms[i] >= 0;
    for (size_t i = 0; i < worker->count && running < SLOTS; i++)
        if (worker->ends_ms[i] < 0) {
            worker->ends_ms[i] = now_ms + worker->task_ms;
            running++;
        }
}

static size_t
finish_what_is_due(ledger *ledger, fake_worker *worker, int64_t now_ms)
{
    size_t kept = 0;
    size_t finished = 0;

    for (size_t i = 0; i < worker->count; i++) {
        if (worker->ends_ms[i] >= 0 && worker->ends_ms[i] <= now_ms) {
            ledger_done(ledger, worker->number, worker->ids[i], now_ms);
            ledger_settled(ledger, worker->ids[i]);
            finished++;
            continue;
        }
        worker->ids[kept] = worker->ids[i];
        worker->ends_ms[kept++] = worker->ends_ms[i];
    }
    worker->count = kept;
    return finished;
}

static void
take_tasks(ledger *ledger, fake_worker *workers, int64_t now_ms)
{
    for (ledger_action action = ledger_next(ledger, now_ms); action.verb == LEDGER_SEND;
         action = ledger_next(ledger, now_ms)) {
        fake_worker *worker = &workers[action.worker];

        assert_true(worker->count < HELD);
        worker->ids[worker->count] = action.id;
        worker->ends_ms[worker->count++] = -1;
        worker->top = action.seq;
    }
}

/* Milliseconds until every link is done, with credit for `slack` tasks beyond the slots.
 */
static int64_t
makespan(size_t slack)
{
    ledger_settings settings = {.tries = 4, .life_ms = 1 << 30, .seed = 1};
    ledger *ledger = ledger_new(&settings);
    fake_worker *workers = calloc(WORKERS, sizeof *workers);
    tl_error err = {0};
    size_t done = 0;
    int64_t now_ms = 0;

    assert_true(ledger && workers);
    for (uint32_t i = 0; i < WORKERS; i++) {
        workers[i].number = ledger_join(ledger);
        workers[i].task_ms = i == 0 ? SLOW_MS : FAST_MS;
        workers[i].slack = slack;
        beat(ledger, &workers[i], 0);
    }
    for (uint64_t id = 1; id <= LINKS; id++) {
        ledger_link link = {.id = id, .url = {"http://a/b", 10}, .name = {"b", 1}};

        assert_int_equal(ledger_add(ledger, &link, 0, &err), TL_OK);
    }
    for (; done < LINKS; now_ms++) {
        for (uint32_t i = 0; i < WORKERS; i++)
            done += finish_what_is_due(ledger, &workers[i], now_ms);
        take_tasks(ledger, workers, now_ms);
        for (uint32_t i = 0; i < WORKERS; i++) {
            begin_what_fits(&workers[i], now_ms);
            if (now_ms % 1000 == 0)
                beat(ledger, &workers[i], now_ms);
        }
    }
    free(workers);
    ledger_destroy(&ledger);
    return now_ms;
}

static int64_t
ideal(void)
{
    double rate =
        (double) SLOTS * ((WORKERS - 1) / (double) FAST_MS + 1 / (double) SLOW_MS);

    return (int64_t) (LINKS / rate);
}

static void
one_slow_worker_in_four_stretches_a_run_by_little(void **state)
{
    (void) state;
    /* The slack that a real worker of 16 downloads asks for. */
    int64_t ms = makespan(4);

    print_message("makespan %lld ms, ideal %lld ms\n", (long long) ms,
                  (long long) ideal());
    assert_true(ms * 10 <= ideal() * 16);
}

static void
without_credit_the_slow_worker_would_decide_the_end(void **state)
{
    (void) state;
    /* As good as no bound: this is what the credit prevents. */
    assert_true(makespan(LINKS) > ideal() * 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_slow_worker_in_four_stretches_a_run_by_little),
        cmocka_unit_test(without_credit_the_slow_worker_would_decide_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
