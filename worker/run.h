/* run — this worker's part in one run: its lane, its jobs, its reports.
 *
 * Why it exists: several runs may share a worker, and each has its own ventilator, sink,
 * wishes and output. The rules of PROTOCOL.md about what is told in which order live
 * here; how a link is worked on does not. */
#ifndef WORKER_RUN_H
#define WORKER_RUN_H

#include "worker/control.h"
#include "worker/job.h"
#include "worker/wishes.h"

typedef struct run run;

enum {
    /* Links a run may hold: a heartbeat lists each of them twice, in one frame. */
    RUN_LINKS = 3400,
};

/* Who we are; the same for all runs. */
typedef struct {
    const char *name;
    uint64_t boot;
    const char *root; /* --output-root; NULL in null mode */
    bool insecure;
} identity;

run *run_new(const identity *me, uint64_t number, int64_t now_ms);

/* Nothing of it may be at work any more. */
void run_destroy(run **self_p);

uint64_t run_number(const run *self);
const wishes *run_wishes(const run *self);

/* Take a grant that came from the ventilator at `control`. A repeated one changes
 * nothing. A fault says why we cannot take part; the heartbeats will say so too. */
tl_fault run_take_grant(run *self, const tl_grant *grant, const char *control_endpoint,
                        int64_t now_ms, tl_error *err);

/* ---- its links -------------------------------------------------------------------- */

/* Read all that the lane has. A link that is held already, or answered from the cache,
 * or not wanted any more, makes no job. `problem` gets what was wrong with a frame. */
void run_read_lane(run *self, int64_t now_us, tl_error *problem);

/* The next job, begun; NULL if there is none. */
job *run_begin(run *self, int64_t now_us);

/* The job has ended: report it, or tell the ventilator to try again, and free it. */
void run_end(run *self, job *it, int64_t now_us);

/* Give back what is not begun. */
void run_return_queued(run *self, int64_t now_ms);

size_t run_queued(const run *self);
size_t run_begun(const run *self); /* reports that wait for the sink included */
size_t run_held(const run *self);

/* Walk the held jobs: *at starts at 0; NULL at the end. */
job *run_next_held(const run *self, size_t *at);

/* ---- what is said ------------------------------------------------------------------ */

/* Things that happened to its sockets, for the log. */
enum {
    RUN_LANE_READY = 1,
    RUN_LANE_BROKE = 2,
    RUN_SINK_STUCK = 4,
    RUN_SINK_BACK = 8,
};

/* Look after its sockets, and give the sink what waits. */
unsigned run_look(run *self, int64_t now_ms);

/* Say what is due: done, returned, a heartbeat. False: nobody is there to hear it. */
bool run_tell(run *self, control *to, int64_t now_ms);

/* When run_tell has something to say again. */
int64_t run_tell_at_ms(const run *self);

/* Has everything been said that its ventilator must know before we may leave? */
bool run_is_told(const run *self);

/* ---- how it stands ------------------------------------------------------------------
 */

/* Its part of the slots, and how many it could use (SHARE_ALL: any number). */
void run_set_share(run *self, uint32_t share);
uint32_t run_wanted(const run *self, int64_t now_ms);

/* The machine's trouble, shown in heartbeats while the run has none of its own; with
 * `stop` its slots are 0 meanwhile. "" ends it. */
void run_set_trouble(run *self, const char *trouble, bool stop);

/* Cancelled: links that still come are returned. Nothing is dropped here. */
void run_cancel(run *self, int64_t now_ms);
int64_t run_cancelled_at_ms(const run *self); /* INT64_MAX: it is not */

/* We are leaving: as cancelled, and the heartbeat says so. */
void run_drain(run *self, int64_t now_ms);

/* Since when nothing happened at all. */
int64_t run_idle_since_ms(const run *self);

/* What wakes the loop: how many stand in `ears`, which has room for RUN_EARS. */
enum { RUN_EARS = 4 };
size_t run_ears(run *self, ear **ears);

/* Does a report wait until the sink's socket can be written? */
bool run_waits_for_sink(const run *self);

#endif
