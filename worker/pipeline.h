/* pipeline — a job's way through this machine: transfer, helper, disk.
 *
 * Why it exists: three things that wait for different reasons must keep each other busy
 * without piling up. Nothing begins while the memory for bodies is used up; what has a
 * body waits for a helper, what has a thumbnail for the disk, each in its order. */
#ifndef WORKER_PIPELINE_H
#define WORKER_PIPELINE_H

#include <poll.h>

#include "worker/job.h"

typedef struct pipeline pipeline;

typedef struct {
    size_t downloads;
    size_t helpers;
    uint64_t memory;
    const char *shrink; /* the helper program */
    int64_t shrink_ms;
    const guard *gate; /* outlives the pipeline */
} pipeline_settings;

pipeline *pipeline_new(const pipeline_settings *settings, int64_t now_ms, tl_error *err);

/* Jobs that are still in it are forgotten. */
void pipeline_destroy(pipeline **self_p);

/* Can another transfer begin? */
bool pipeline_has_room(const pipeline *self);

/* A job that run_begin gave; pipeline_next gives it back. */
void pipeline_begin(pipeline *self, job *it, int64_t now_us);

/* Don't go on with it. One whose files are being written ends in its own time. */
void pipeline_drop(pipeline *self, job *it);

/* Do what can be done without waiting. */
void pipeline_work(pipeline *self, int64_t now_us);

/* The next job that has ended; NULL if there is none. */
job *pipeline_next(pipeline *self);

/* Send off what pipeline_begin began. */
void pipeline_kick(pipeline *self, int64_t now_ms);

/* Is something there that no descriptor tells of? Then don't sleep. */
bool pipeline_is_ready(pipeline *self);

/* What wakes the loop: fill in PIPELINE_DESCRIPTORS of them, and look at them afterwards.
 */
enum { PIPELINE_DESCRIPTORS = 3 };
void pipeline_watch(pipeline *self, struct pollfd *descriptors);
void pipeline_wake(pipeline *self, const struct pollfd *descriptors);

/* When there is something to do even if nothing wakes us; INT64_MAX: never. */
int64_t pipeline_deadline_ms(const pipeline *self);

/* Do the helpers die as soon as they start? `why` says how. */
bool pipeline_is_broken(const pipeline *self, tl_error *why);

#endif
