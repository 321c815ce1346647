#include <inttypes.h>
#include <string.h>

#include "proto/scope.h"
#include "worker/report.h"
#include "worker/run_self.h"

enum {
    FRAMES_AT_ONCE = 4096, /* then the loop has other things to do as well */
    PEAK_MS = 5000,        /* how long the most that was held is remembered */
};

/* ---- tasks ------------------------------------------------------------------------ */

/* Send the report that is remembered once more; false if there is none. */
static bool
answer_again(run *self, uint64_t id, int64_t now_ms)
{
    size_t size = 0;
    const void *frame = cache_get(self->cache, id, &size);

    if (!frame)
        return false;
    /* One that must wait is not told as done until it is gone; see run_look. */
    if (outbox_put(self->outbox, id, frame, size))
        finished_done(self->finished, id, now_ms);
    return true;
}

static void
note_demand(run *self, int64_t now_ms)
{
    uint32_t held = (uint32_t) tl_idmap_size(self->held);

    if (held >= self->most_held || now_ms - self->most_held_ms > PEAK_MS) {
        self->most_held = held;
        self->most_held_ms = now_ms;
    }
    self->task_ms = now_ms;
}

static void
take_task(run *self, const tl_task *task, int64_t now_us)
{
    int64_t now_ms = now_us / 1000;

    if (tl_idmap_get(self->held, task->id) || answer_again(self, task->id, now_ms))
        return;
    if (run_wants_no_more(self)) {
        finished_returned(self->finished, task->id, now_ms);
        return;
    }
    job *it = tl_idmap_size(self->held) < RUN_LINKS ? job_new(self, task, now_us) : NULL;
    if (!it || !tl_idmap_put(self->held, it->id, it)) {
        job_free(it); /* absent from the next heartbeat, so it is sent again */
        return;
    }
    job_queue_put(&self->queued, it);
    note_demand(self, now_ms);
}

static tl_fault
read_task(run *self, zframe_t *frame, int64_t now_us, tl_error *problem)
{
    tl_task task = {0};
    char name[TL_NAME_BYTES + 1];
    const void *bytes = zframe_data(frame);
    size_t size = zframe_size(frame);
    const tl_schema *schema = tl_peek(bytes, size, problem);

    if (!schema)
        return problem->fault;
    if (schema != &TL_TASK)
        return tl_fail(problem, TL_MALFORMED, "%s came on a lane", schema->name);
    if (tl_decode(&TL_TASK, &task, bytes, size, problem) != TL_OK)
        return problem->fault;
    if (task.seq > self->top)
        self->top = task.seq;
    if (!name_is_safe(tl_view_copy(task.name, name, sizeof name)))
        return tl_fail(problem, TL_MALFORMED, "task %" PRIu64 " has an unsafe file name",
                       task.id);
    take_task(self, &task, now_us);
    return TL_OK;
}

void
run_read_lane(run *self, int64_t now_us, tl_error *problem)
{
    for (int i = 0; self->lane && i < FRAMES_AT_ONCE; i++) {
        TL_SCOPED(zframe_destroy) zframe_t *frame = lane_next(self->lane);

        if (!frame)
            return;
        (void) read_task(self, frame, now_us, problem);
    }
}

/* ---- jobs ------------------------------------------------------------------------- */

job *
run_begin(run *self, int64_t now_us)
{
    job *it = job_queue_take(&self->queued);

    if (!it)
        return NULL;
    it->queued = job_lap(it, now_us);
    it->stage = JOB_FETCHING;
    return it;
}

void
run_forget(run *self, job *it)
{
    tl_idmap_drop(self->held, it->id);
    job_free(it);
    if (self->draining && tl_idmap_size(self->held) == 0)
        self->hurry = true; /* the last heartbeat: nothing is held any more */
}

static void
report(run *self, job *it, int64_t now_ms)
{
    tl_buf_clear(self->frame);
    if (!report_make(it, self->number, self->me->name, self->frame)) {
        finished_returned(self->finished, it->id,
                          now_ms); /* no memory: others may have */
        run_forget(self, it);
        return;
    }
    const void *bytes = tl_buf_bytes(self->frame);
    size_t size = tl_buf_size(self->frame);
    cache_put(self->cache, it->id, bytes, size);
    self->done++;
    it->stage = JOB_REPORTING;
    if (!outbox_put(self->outbox, it->id, bytes, size))
        return; /* held until it is gone */
    finished_done(self->finished, it->id, now_ms);
    run_forget(self, it);
}

void
run_end(run *self, job *it, int64_t now_us)
{
    int64_t now_ms = now_us / 1000;

    self->bytes += it->bytes;
    if (it->dropped || it->unserved) {
        finished_returned(self->finished, it->id, now_ms);
        run_forget(self, it);
    } else if (report_is_premature(it)) {
        tl_again again = {.id = it->id,
                          .fault = (uint64_t) it->fault,
                          .http = it->http,
                          .after = it->after_ms};

        finished_again(self->finished, &again, now_ms);
        run_forget(self, it);
    } else {
        report(self, it, now_ms);
    }
}

void
run_return_queued(run *self, int64_t now_ms)
{
    for (job *it; (it = job_queue_take(&self->queued));) {
        finished_returned(self->finished, it->id, now_ms);
        run_forget(self, it);
    }
}

size_t
run_queued(const run *self)
{
    return self->queued.count;
}

size_t
run_begun(const run *self)
{
    return tl_idmap_size(self->held) - self->queued.count;
}

size_t
run_held(const run *self)
{
    return tl_idmap_size(self->held);
}

job *
run_next_held(const run *self, size_t *at)
{
    return tl_idmap_next(self->held, at);
}
