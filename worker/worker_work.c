#include <inttypes.h>

#include "proto/limits.h"
#include "proto/log.h"
#include "worker/share.h"
#include "worker/worker_self.h"

enum { RESHARE_MS = 250 }; /* how often slots are split anew */

/* ---- links ------------------------------------------------------------------------ */

void
worker_look_after(worker *self, place *at)
{
    static const struct {
        unsigned what;
        tl_level level;
        const char *event;
        const char *text;
    } news[] = {
        {RUN_LANE_READY, TL_LOG_NOTE, "lane.ready", ""},
        {RUN_LANE_BROKE, TL_LOG_NOTE, "lane.broke", "we ask for another"},
        {RUN_SINK_STUCK, TL_LOG_WARNING, "sink.unreachable",
         "reports wait here until it can be reached"},
        {RUN_SINK_BACK, TL_LOG_NOTE, "sink.reached", ""},
    };
    tl_error problem = {0};
    unsigned happened = run_look(at->run, self->now_ms);

    for (size_t i = 0; i < sizeof news / sizeof news[0]; i++)
        if (happened & news[i].what)
            tl_log(news[i].level, news[i].event, "run=%" PRIu64 " %s",
                   run_number(at->run), news[i].text);
    run_read_lane(at->run, self->now_us, &problem);
    if (problem.fault != TL_OK)
        worker_complain(at, "lane.bad_message", problem.text);
}

static void
note_storage(worker *self, const job *it)
{
    for (size_t i = 0; i < self->count; i++) {
        place *at = &self->places[i];

        if (at->run != it->run)
            continue;
        if (at->storage_ms == 0)
            tl_log(TL_LOG_WARNING, "storage.trouble", "fault=%s %s",
                   tl_fault_label(it->fault), it->detail);
        at->storage_ms = self->now_ms;
        (void) snprintf(at->storage, sizeof at->storage, "%s", it->detail);
    }
}

static void
end_job(worker *self, job *it)
{
    if (it->fault == TL_DISK_FULL || it->fault == TL_WRITE_FAILED)
        note_storage(self, it);
    run_end(it->run, it, self->now_us);
}

/* The run that has the fewest at work among those that have something to begin. */
static run *
next_run(const worker *self)
{
    run *found = NULL;

    for (size_t i = 0; i < self->count; i++) {
        run *it = self->places[i].run;

        if (it && run_queued(it) > 0 && (!found || run_begun(it) < run_begun(found)))
            found = it;
    }
    return found;
}

static void
begin_jobs(worker *self)
{
    run *from = NULL;

    while ((!self->pipeline || pipeline_has_room(self->pipeline)) &&
           (from = next_run(self))) {
        job *it = run_begin(from, self->now_us);

        if (self->pipeline)
            pipeline_begin(self->pipeline, it, self->now_us);
        else
            run_end(from, it, self->now_us);
    }
    if (self->pipeline)
        pipeline_kick(self->pipeline, self->now_ms);
}

static void
look_at_helpers(worker *self)
{
    tl_error why = {0};
    bool broken = pipeline_is_broken(self->pipeline, &why);

    if (broken && self->broken.fault == TL_OK)
        tl_log(TL_LOG_WARNING, "helpers.broken", "%s", why.text);
    if (broken != (self->broken.fault != TL_OK))
        self->broken = why;
}

/* What a cancelled run has not finished in time is dropped and given back. */
static void
cut_grace(worker *self, const place *at)
{
    int64_t since = run_cancelled_at_ms(at->run);
    size_t next = 0;

    if (since == INT64_MAX || self->now_ms - since < TL_GRACE_MS)
        return;
    for (job *it; self->pipeline && (it = run_next_held(at->run, &next));)
        pipeline_drop(self->pipeline, it);
}

void
worker_work(worker *self)
{
    if (self->pipeline) {
        pipeline_work(self->pipeline, self->now_us);
        for (job *it; (it = pipeline_next(self->pipeline));)
            end_job(self, it);
        look_at_helpers(self);
    }
    for (size_t i = 0; i < self->count; i++)
        if (self->places[i].run)
            cut_grace(self, &self->places[i]);
    begin_jobs(self);
}

/* What nobody wants now goes to all in equal parts, so that each can grow at once. A run
 * without work is told what it would get. */
void
worker_reshare(worker *self)
{
    uint32_t wanted[VENTILATORS];
    uint32_t parts[VENTILATORS];
    uint32_t active = 0;

    if (self->now_ms < self->reshare_ms)
        return;
    self->reshare_ms = self->now_ms + RESHARE_MS;
    for (size_t i = 0; i < self->count; i++) {
        const place *at = &self->places[i];

        wanted[i] = at->run && !at->over ? run_wanted(at->run, self->now_ms) : 0;
        active += wanted[i] > 0;
    }
    share_split(self->settings.slots, wanted, parts, self->count);
    uint32_t rest = self->settings.slots;
    for (size_t i = 0; i < self->count; i++)
        rest -= parts[i];
    for (size_t i = 0; i < self->count; i++)
        if (self->places[i].run)
            run_set_share(self->places[i].run, wanted[i] > 0
                                                   ? parts[i] + rest / active
                                                   : self->settings.slots / (active + 1));
}
