/* ledger: driven by a small world that goes wrong in every way it can. Workers die,
 * stall, lose lanes, hand links back and fail; messages get lost or come late; the
 * ventilator itself starts anew. Whatever happens, each link ends once, nobody gets more
 * than they asked for, and there is an end. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/ledger_world.h"
#include "ventilator/ledger.h"

enum { TRIES = 4, END_MS = 3 * 3600 * 1000 };

/* What the ventilator knows of a worker. */
typedef struct {
    bool here;
    uint64_t boot;
    uint32_t number;
    uint64_t lane; /* 0 none */
    bool on_lane;
    int64_t heard_ms;
    uint64_t begun[WORLD_TASKS];
    size_t begun_count;
} seat;

typedef struct {
    world *world;
    ledger *ledger;
    seat seats[WORLD_WORKERS];
    uint64_t lanes, next_link, chain;
    int64_t listen_ms;
    int64_t sync_ms; /* the answer comes then; -1 */
    /* What was really done, to compare with. */
    bool told[WORLD_LINKS + 1];
    unsigned sends[WORLD_LINKS + 1], fails[WORLD_LINKS + 1], losses[WORLD_LINKS + 1];
} run;

/* ---- the ventilator --------------------------------------------------------------- */

static void
tell_settled(run *r, uint64_t id)
{
    r->told[id] = true;
    ledger_settled(r->ledger, id);
}

static void
take_settled(run *r)
{
    size_t taken = 0;

    for (; taken < r->world->settled_count &&
           r->world->settled[taken].due_ms <= r->world->now;
         taken++) {
        const world_mail *news = &r->world->settled[taken];

        if (news->prev != UINT64_MAX && news->prev > r->chain)
            ledger_want_sync(r->ledger);
        else if (news->prev != UINT64_MAX && news->prev + 1 > r->chain)
            r->chain = news->prev + 1;
        tell_settled(r, news->id);
    }
    r->world->settled_count -= taken;
    memmove(r->world->settled, r->world->settled + taken,
            r->world->settled_count * sizeof *r->world->settled);
    if (r->sync_ms < 0 || r->world->now < r->sync_ms)
        return;
    while (r->chain < r->world->seq)
        tell_settled(r, r->world->order[r->chain++]);
    r->sync_ms = -1;
    ledger_synced(r->ledger, r->world->now);
}

static void
lose(run *r, size_t i)
{
    seat *s = &r->seats[i];

    for (size_t k = 0; k < s->begun_count; k++)
        r->losses[s->begun[k]]++;
    ledger_leave(r->ledger, s->number, r->world->now);
    world_cut_lane(r->world, &r->world->workers[i]);
    *s = (seat){0};
}

static void
grant(run *r, size_t i)
{
    if (r->seats[i].lane == 0)
        r->seats[i].lane = ++r->lanes;
    if (r->world->workers[i].boot != r->seats[i].boot || world_is_lost(r->world))
        return;
    r->world->workers[i].granted = r->seats[i].lane;
    r->world->workers[i].granted_ms = world_soon(r->world);
}

static void
take_beat(run *r, size_t i, const world_note *n)
{
    seat *s = &r->seats[i];
    tl_error err = {0};

    if (s->here && s->boot != n->boot)
        lose(r, i);
    if (!s->here)
        *s = (seat){.here = true, .boot = n->boot, .number = ledger_join(r->ledger)};
    bool ours = s->lane && n->lane == s->lane;
    if (!ours && s->on_lane) {
        s->lane = 0;
        world_cut_lane(r->world, &r->world->workers[i]);
        ledger_close(r->ledger, s->number);
    }
    s->on_lane = ours;
    s->heard_ms = r->world->now;
    memcpy(s->begun, n->begun, n->begun_count * sizeof *n->begun);
    s->begun_count = n->begun_count;
    const ledger_beat beat = {
        .lane = ours      ? LEDGER_LANE_OURS
                : n->lane ? LEDGER_LANE_OTHER
                          : LEDGER_LANE_NONE,
        .draining = n->draining,
        .top = n->top,
        .slots = WORLD_SLOTS,
        .held = n->held,
        .held_count = n->held_count,
        .begun = n->begun,
        .begun_count = n->begun_count,
    };
    assert_int_equal(ledger_heartbeat(r->ledger, s->number, &beat, r->world->now, &err),
                     TL_OK);
    if (!ours && !n->draining)
        grant(r, i);
}

static void
take_note(run *r, size_t i, const world_note *n)
{
    const seat *s = &r->seats[i];
    const tl_again failure = {n->id, TL_TIMEOUT, 0, 0};

    if (n->kind == WORLD_BEAT) {
        take_beat(r, i, n);
        return;
    }
    if (!s->here || s->boot != n->boot)
        return;
    switch (n->kind) {
    case WORLD_BEAT:
        break;
    case WORLD_DONE:
        ledger_done(r->ledger, s->number, n->id, r->world->now);
        break;
    case WORLD_AGAIN:
        r->fails[n->id]++;
        ledger_again(r->ledger, s->number, &failure, r->world->now);
        break;
    case WORLD_RETURNED:
        ledger_drain(r->ledger, s->number);
        ledger_returned(r->ledger, s->number, n->id, r->world->now);
        break;
    }
}

static void
take_notes(run *r)
{
    for (size_t i = 0; i < WORLD_WORKERS; i++) {
        world_worker *p = &r->world->workers[i];

        while (p->first_note != p->last_note &&
               p->wire[p->first_note].due_ms <= r->world->now) {
            take_note(r, i, &p->wire[p->first_note]);
            p->first_note = (p->first_note + 1) % WORLD_NOTES;
        }
        if (r->seats[i].here && r->world->now - r->seats[i].heard_ms >= TL_SILENT_MS)
            lose(r, i);
    }
}

static void
send(run *r, const ledger_action *action)
{
    size_t i = 0;

    while (!r->seats[i].here || r->seats[i].number != action->worker)
        i++;
    world_worker *p = &r->world->workers[i];
    if (world_chance(r->world, 10, 1000)) {
        ledger_unsent(r->ledger, action, r->world->now);
        return;
    }
    assert_false(r->told[action->id]); /* what has ended stays so */
    assert_true(action->url.size > 0);
    r->sends[action->id]++;
    assert_true(r->sends[action->id] <= TL_SENDS);
    if (p->boot != r->seats[i].boot || p->lane != r->seats[i].lane)
        return; /* it went down, or its lane did */
    assert_true(p->task_count + p->job_count < WORLD_SLOTS); /* credit */
    world_send(r->world, p, (world_task){action->id, action->seq, action->last, 0});
}

static void
rule(run *r, const ledger_action *action)
{
    if (action->fault == TL_WORKERS_DIED)
        assert_true(r->losses[action->id] >= TL_LOSSES);
    if (action->verdict == TL_FAILED)
        assert_true(r->fails[action->id] >= TRIES);
    world_report(r->world, action->id, action->verdict);
}

static void
act(run *r)
{
    for (ledger_action action = ledger_next(r->ledger, r->world->now);
         action.verb != LEDGER_NOTHING; action = ledger_next(r->ledger, r->world->now)) {
        if (action.verb == LEDGER_SEND)
            send(r, &action);
        else if (action.verb == LEDGER_RULE)
            rule(r, &action);
        else /* repeated each second until it is answered */
            r->sync_ms =
                world_soon(r->world) + (world_is_lost(r->world) ? TL_REPEAT_MS : 0);
    }
}

static void
register_links(run *r)
{
    for (int i = 0; i < 5 && r->next_link <= WORLD_LINKS; i++) {
        tl_error err = {0};
        uint64_t id = r->next_link++;
        ledger_link link = {.id = id, .url = tl_view("http://a/"), .name = tl_view("a")};

        if (r->world->verdict[id] == TL_PENDING)
            assert_int_equal(ledger_add(r->ledger, &link, r->world->now, &err), TL_OK);
    }
}

/* The ventilator as it starts: it knows nothing but what it is told. */
static void
start_ventilator(run *r)
{
    const ledger_settings settings = {TRIES, 600000, world_draw(r->world, UINT64_MAX)};

    ledger_destroy(&r->ledger);
    r->ledger = ledger_new(&settings);
    memset(r->seats, 0, sizeof r->seats);
    memset(r->told, 0, sizeof r->told);
    memset(r->sends, 0, sizeof r->sends);
    for (size_t i = 0; i < WORLD_WORKERS; i++) {
        world_cut_lane(r->world, &r->world->workers[i]);
        r->world->workers[i].first_note = r->world->workers[i].last_note;
    }
    r->world->settled_count = 0;
    r->chain = r->world->seq;
    r->sync_ms = -1;
    r->next_link = 1;
    r->listen_ms = r->world->now + TL_LISTEN_MS;
}

static void
step_ventilator(run *r)
{
    if (world_chance(r->world, r->world->trouble->restarts, 10000))
        start_ventilator(r);
    take_settled(r);
    take_notes(r);
    register_links(r);
    if (r->world->now >= r->listen_ms)
        act(r);
}

/* ---- the tests -------------------------------------------------------------------- */

static void
check_ends(const run *r)
{
    for (uint64_t id = 1; id <= WORLD_LINKS; id++) {
        assert_int_not_equal(r->world->verdict[id], TL_PENDING);
        if (id <= r->world->trouble->poison)
            assert_int_equal(r->world->verdict[id], TL_LOST);
    }
    assert_int_equal(r->world->seq, WORLD_LINKS); /* each once */
}

static void
ends_well(uint64_t seed, const world_trouble *trouble)
{
    run r = {.world = world_new(seed, trouble)};

    start_ventilator(&r);
    while (r.next_link <= WORLD_LINKS || ledger_now(r.ledger).links > 0) {
        step_ventilator(&r);
        world_step(r.world);
        if (r.world->now > END_MS)
            fail_msg("seed %d does not end", (int) seed);
    }
    check_ends(&r);
    ledger_destroy(&r.ledger);
    free(r.world);
}

static void
nothing_goes_wrong(void **state)
{
    const world_trouble none = {.crashes = 0};

    (void) state;
    ends_well(1, &none);
}

static void
everything_goes_wrong(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        const world_trouble all = {
            .crashes = 20,
            .stalls = 10,
            .broken_lanes = 20,
            .drains = 10,
            .restarts = 30 * (seed % 2),
            .lost_messages = 20,
            .failures = 100,
            .poison = seed % 3,
        };

        ends_well(seed, &all);
    }
}

static void
one_thing_goes_wrong_all_the_time(void **state)
{
    static const world_trouble cases[] = {
        {.crashes = 200}, {.stalls = 100},        {.broken_lanes = 500},
        {.drains = 100},  {.lost_messages = 150}, {.failures = 500},
        {.poison = 5},    {.restarts = 200},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint64_t seed = 100; seed < 110; seed++)
            ends_well(seed, &cases[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_wrong),
        cmocka_unit_test(everything_goes_wrong),
        cmocka_unit_test(one_thing_goes_wrong_all_the_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
