#include "tests/support/ledger_world.h"

#include <stdlib.h>
#include <string.h>

enum { BEGUN = 4 /* at once, of a worker's slots */ };

/* ---- chance ----------------------------------------------------------------------- */

uint64_t
world_draw(world *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % below;
}

bool
world_chance(world *w, unsigned of, unsigned all)
{
    return world_draw(w, all) < of;
}

bool
world_is_lost(world *w)
{
    return world_chance(w, w->trouble->lost_messages, 1000);
}

int64_t
world_soon(world *w)
{
    return w->now + (int64_t) world_draw(w, 120);
}

/* ---- the sink --------------------------------------------------------------------- */

void
world_report(world *w, uint64_t id, tl_verdict verdict)
{
    assert_true(w->report_count < WORLD_ROOM);
    if (!world_is_lost(w))
        w->reports[w->report_count++] = (world_mail){world_soon(w), id, verdict, 0};
}

static void
settle(world *w, const world_mail *report)
{
    world_mail news = {world_soon(w), report->id, report->verdict, w->seq};

    if (w->verdict[report->id] == TL_PENDING) {
        w->verdict[report->id] = report->verdict;
        w->order[w->seq++] = report->id;
    } else {
        news.prev = UINT64_MAX; /* outside of the chain */
    }
    assert_true(w->settled_count < WORLD_ROOM);
    if (!world_is_lost(w))
        w->settled[w->settled_count++] = news;
}

static void
step_sink(world *w)
{
    for (size_t i = 0; i < w->report_count;) {
        world_mail report = w->reports[i];

        if (report.due_ms > w->now) {
            i++;
            continue;
        }
        w->reports[i] = w->reports[--w->report_count]; /* they may overtake each other */
        settle(w, &report);
    }
}

/* ---- workers ---------------------------------------------------------------------- */

static void
say(world *w, world_worker *p, world_note what)
{
    const world_note *before = &p->wire[(p->last_note + WORLD_NOTES - 1) % WORLD_NOTES];

    if (world_is_lost(w))
        return;
    what.boot = p->boot;
    what.due_ms = world_soon(w);
    if (p->first_note != p->last_note && what.due_ms < before->due_ms)
        what.due_ms = before->due_ms;
    p->wire[p->last_note] = what;
    p->last_note = (p->last_note + 1) % WORLD_NOTES;
    assert_int_not_equal(p->first_note, p->last_note);
}

static void
say_beat(world *w, world_worker *p)
{
    world_note beat = {
        .kind = WORLD_BEAT, .lane = p->lane, .top = p->top, .draining = p->draining};

    for (size_t i = 0; i < p->job_count; i++) {
        beat.held[beat.held_count++] = p->jobs[i].id;
        if (p->jobs[i].end_ms != INT64_MAX)
            beat.begun[beat.begun_count++] = p->jobs[i].id;
    }
    p->beat_ms = w->now;
    say(w, p, beat);
}

static void
go_down(world *w, world_worker *p)
{
    p->boot = 0;
    p->back_ms = w->now + 200 + (int64_t) world_draw(w, 3000);
    p->task_count = p->job_count = 0;
    p->lane = p->granted = p->top = 0;
    p->draining = false;
    memset(p->cached, 0, sizeof p->cached);
}

/* What is not there yet goes down with the lane. */
void
world_cut_lane(world *w, world_worker *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->task_count; i++)
        if (p->tasks[i].due_ms <= w->now)
            p->tasks[kept++] = p->tasks[i];
    p->task_count = kept;
}

static bool
holds(const world_worker *p, uint64_t id)
{
    for (size_t i = 0; i < p->job_count; i++)
        if (p->jobs[i].id == id)
            return true;
    return false;
}

static void
read_tasks(world *w, world_worker *p)
{
    size_t count = p->task_count;

    world_cut_lane(w, p);
    size_t arrived = p->task_count;
    assert_true(arrived <= count);
    for (size_t i = 0; i < arrived; i++) {
        world_task it = p->tasks[i];

        p->top = it.seq > p->top ? it.seq : p->top;
        if (holds(p, it.id))
            continue;
        if (p->cached[it.id]) {
            world_report(w, it.id, TL_DONE);
            say(w, p, (world_note){.kind = WORLD_DONE, .id = it.id});
        } else if (p->draining) {
            say(w, p, (world_note){.kind = WORLD_RETURNED, .id = it.id});
        } else {
            p->jobs[p->job_count++] = (world_job){it.id, it.last, INT64_MAX};
        }
    }
    p->task_count = 0;
}

/* Like read_tasks, for a lane that lives on: what is on its way stays so. */
static void
read_lane(world *w, world_worker *p)
{
    world_task coming[64];
    size_t count = 0;

    for (size_t i = 0; i < p->task_count; i++)
        if (p->tasks[i].due_ms > w->now)
            coming[count++] = p->tasks[i];
    read_tasks(w, p);
    memcpy(p->tasks, coming, count * sizeof *coming);
    p->task_count = count;
}

static void
finish(world *w, world_worker *p, const world_job *it)
{
    if (world_chance(w, w->trouble->failures, 1000) && !it->last) {
        say(w, p, (world_note){.kind = WORLD_AGAIN, .id = it->id});
        return;
    }
    world_report(w, it->id, TL_DONE);
    p->cached[it->id] = true;
    say(w, p, (world_note){.kind = WORLD_DONE, .id = it->id});
}

static void
work(world *w, world_worker *p)
{
    size_t begun = 0;

    for (size_t i = 0; i < p->job_count; i++) {
        world_job *it = &p->jobs[i];

        if (it->end_ms == INT64_MAX && begun < BEGUN && !p->draining) {
            it->end_ms = w->now + 50 + (int64_t) world_draw(w, 800);
            if (it->id <= w->trouble->poison) {
                it->end_ms = INT64_MAX - 1;
                p->crash_ms = w->now + 300 + (int64_t) world_draw(w, 2000);
            }
        }
        begun += it->end_ms != INT64_MAX;
        if (it->end_ms > w->now)
            continue;
        world_job done = *it;
        *it = p->jobs[--p->job_count];
        i--;
        finish(w, p, &done);
    }
}

static void
drain(world *w, world_worker *p)
{
    size_t kept = 0;

    p->draining = true;
    for (size_t i = 0; i < p->job_count; i++)
        if (p->jobs[i].end_ms == INT64_MAX)
            say(w, p, (world_note){.kind = WORLD_RETURNED, .id = p->jobs[i].id});
        else
            p->jobs[kept++] = p->jobs[i];
    p->job_count = kept;
    say_beat(w, p);
}

static void
suffer(world *w, world_worker *p)
{
    const world_trouble *t = w->trouble;

    if (world_chance(w, t->crashes, 10000) || w->now >= p->crash_ms) {
        p->crash_ms = INT64_MAX;
        go_down(w, p);
    } else if (world_chance(w, t->stalls, 10000)) {
        p->stalled_ms = w->now + 5000 + (int64_t) world_draw(w, 4000);
    } else if (world_chance(w, t->broken_lanes, 10000)) {
        read_tasks(w, p);
        p->lane = 0;
        say_beat(w, p);
    } else if (world_chance(w, t->drains, 10000) && !p->draining) {
        drain(w, p);
    }
}

static void
step_worker(world *w, world_worker *p)
{
    if (p->boot == 0 && w->now >= p->back_ms) {
        p->boot = ++w->boots;
        p->crash_ms = INT64_MAX;
        say_beat(w, p);
    }
    if (p->boot == 0 || w->now < p->stalled_ms)
        return;
    if (p->granted && p->granted != p->lane && w->now >= p->granted_ms) {
        read_tasks(w, p);
        p->lane = p->granted;
        p->top = 0;
        say_beat(w, p);
    }
    read_lane(w, p);
    work(w, p);
    if (w->now - p->beat_ms >= TL_BEAT_MS)
        say_beat(w, p);
    if (p->draining && p->job_count == 0 && p->task_count == 0)
        go_down(w, p);
    else
        suffer(w, p);
}

void
world_send(world *w, world_worker *to, world_task what)
{
    int64_t before_ms = to->task_count > 0 ? to->tasks[to->task_count - 1].due_ms : 0;

    what.due_ms = world_soon(w);
    if (what.due_ms < before_ms)
        what.due_ms = before_ms;
    to->tasks[to->task_count++] = what;
}

void
world_step(world *w)
{
    step_sink(w);
    for (size_t i = 0; i < WORLD_WORKERS; i++)
        step_worker(w, &w->workers[i]);
    w->now += WORLD_STEP_MS;
}

world *
world_new(uint64_t seed, const world_trouble *trouble)
{
    world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->trouble = trouble;
    w->random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    return w;
}
