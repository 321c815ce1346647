/* ledger_world — workers, a sink and the wires between them, made of memory and a seed.
 *
 * Why it exists: the ledger has to be right in orders of events that nobody thinks of.
 * This world makes them up and knows the truth to compare with. The ventilator is not in
 * it: that is the test's part. Time goes in steps. */
#ifndef SUPPORT_LEDGER_WORLD_H
#define SUPPORT_LEDGER_WORLD_H

#include "proto/fault.h"
#include "proto/limits.h"
#include "tests/support/unit.h"

enum {
    WORLD_LINKS = 600,
    WORLD_WORKERS = 5,
    WORLD_SLOTS = 6,
    WORLD_STEP_MS = 25,
    WORLD_ROOM = 4096, /* of a wire */
    WORLD_NOTES = 256, /* of a worker's */
    WORLD_TASKS = 64,
};

/* How often, of 10,000 steps; messages and failures of 1,000. */
typedef struct {
    unsigned crashes, stalls, broken_lanes, drains; /* of each worker */
    unsigned restarts;                              /* of the ventilator */
    unsigned lost_messages, failures;
    uint64_t poison; /* so many links kill whoever begins them */
} world_trouble;

typedef struct {
    uint64_t id;
    uint64_t seq;
    bool last;
    int64_t due_ms; /* it arrives then */
} world_task;

typedef struct {
    uint64_t id;
    bool last;
    int64_t end_ms; /* INT64_MAX: not begun */
} world_job;

/* From a worker to the ventilator. */
typedef struct {
    enum { WORLD_BEAT, WORLD_DONE, WORLD_AGAIN, WORLD_RETURNED } kind;
    int64_t due_ms;
    uint64_t boot;
    uint64_t id;
    uint64_t lane, top;
    bool draining;
    size_t held_count, begun_count;
    uint64_t held[WORLD_TASKS], begun[WORLD_TASKS];
} world_note;

typedef struct {
    uint64_t boot; /* 0: it is down */
    int64_t back_ms, stalled_ms, crash_ms, beat_ms;
    uint64_t lane, granted, top;
    int64_t granted_ms;
    bool draining;
    world_task tasks[WORLD_TASKS];
    size_t task_count;
    world_job jobs[WORLD_TASKS];
    size_t job_count;
    bool cached[WORLD_LINKS + 1];
    world_note wire[WORLD_NOTES];
    size_t first_note, last_note;
} world_worker;

/* A report, or the news that it is on disk. */
typedef struct {
    int64_t due_ms;
    uint64_t id;
    tl_verdict verdict;
    uint64_t prev; /* UINT64_MAX: outside of the chain */
} world_mail;

typedef struct {
    const world_trouble *trouble;
    uint64_t random;
    int64_t now;
    uint64_t boots;
    world_worker workers[WORLD_WORKERS];
    world_mail reports[WORLD_ROOM];
    size_t report_count;
    tl_verdict verdict[WORLD_LINKS + 1]; /* on the sink's disk */
    uint64_t order[WORLD_LINKS];
    uint64_t seq;
    world_mail settled[WORLD_ROOM]; /* to the ventilator, in order */
    size_t settled_count;
} world;

/* Nothing has happened yet; free() it. */
world *world_new(uint64_t seed, const world_trouble *trouble);

/* The sink and all workers take a step. */
void world_step(world *w);

uint64_t world_draw(world *w, uint64_t below);
bool world_chance(world *w, unsigned of, unsigned all);
bool world_is_lost(world *w); /* is this message? */
int64_t world_soon(world *w); /* when does it arrive? */

void world_report(world *w, uint64_t id, tl_verdict verdict);

/* The ventilator's end of a lane is closed: what has not arrived never will. */
void world_cut_lane(world *w, world_worker *p);

/* A task leaves on a lane. */
void world_send(world *w, world_worker *to, world_task what);

#endif
