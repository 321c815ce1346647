/* run_self — the inside of a run, for the three files that make it.
 *
 * Why it exists: run.c keeps its sockets and its standing, run_links.c its links,
 * run_tell.c what its ventilator hears; together they are one noun. */
#ifndef WORKER_RUN_SELF_H
#define WORKER_RUN_SELF_H

#include "proto/idmap.h"
#include "proto/limits.h"
#include "worker/cache.h"
#include "worker/finished.h"
#include "worker/lane.h"
#include "worker/outbox.h"
#include "worker/run.h"

struct run {
    const identity *me;
    uint64_t number;
    uint64_t epoch;
    wishes wishes;
    char refusal[TL_TEXT_BYTES]; /* why we don't take part; "": we do */
    int64_t refused_ms;

    lane *lane;
    uint64_t top;
    outbox *outbox;
    bool sink_stuck;

    tl_idmap *held;
    job_queue queued;
    cache *cache;
    finished *finished;
    tl_buf *frame; /* for reports and lists */
    tl_buf *begun;

    uint32_t share;
    uint32_t most_held; /* lately */
    int64_t most_held_ms;
    int64_t task_ms; /* when the last task came */
    char trouble[TL_TEXT_BYTES];
    bool stopped;
    int64_t cancelled_ms;
    bool draining;

    int64_t said_ms;     /* the last heartbeat */
    uint64_t said_slots; /* what it said */
    int64_t looked_ms;   /* whether the slots are still the same */
    bool hurry;          /* something else is not */
    uint64_t done;
    uint64_t bytes;
};

/* Cancelled or leaving. */
bool run_wants_no_more(const run *self);

/* Forget a job that is held no more. */
void run_forget(run *self, job *it);

#endif
