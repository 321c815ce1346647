#include "worker/run.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "worker/places.h"
#include "worker/run_self.h"
#include "worker/share.h"

enum {
    REFUSED_MS = 5000, /* look again whether we can take part by now */
    ACTIVE_MS = 5000,  /* no task for so long: the run has no work at present */
};

/* ---- from birth to death ---------------------------------------------------------- */

run *
run_new(const identity *me, uint64_t number, int64_t now_ms)
{
    TL_SCOPED(run_destroy) run *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->me = me;
    self->number = number;
    self->cancelled_ms = INT64_MAX;
    self->task_ms = now_ms;
    self->said_ms = now_ms - TL_BEAT_MS;
    self->refused_ms = now_ms - REFUSED_MS;
    self->held = tl_idmap_new();
    self->cache = cache_new();
    self->finished = finished_new();
    self->frame = tl_buf_new(TL_FRAME_BYTES);
    self->begun = tl_buf_new(TL_FRAME_BYTES);
    if (!self->held || !self->cache || !self->finished || !self->frame || !self->begun)
        return NULL;
    return TL_GIVE(self);
}

void
run_destroy(run **self_p)
{
    assert(self_p);
    run *self = *self_p;

    if (!self)
        return;
    size_t at = 0;
    for (job *it; self->held && (it = tl_idmap_next(self->held, &at));)
        job_free(it);
    lane_close(&self->lane);
    outbox_close(&self->outbox);
    wishes_clear(&self->wishes);
    tl_idmap_destroy(&self->held);
    cache_destroy(&self->cache);
    finished_destroy(&self->finished);
    tl_buf_destroy(&self->frame);
    tl_buf_destroy(&self->begun);
    free(self);
    *self_p = NULL;
}

uint64_t
run_number(const run *self)
{
    return self->number;
}

const wishes *
run_wishes(const run *self)
{
    return &self->wishes;
}

/* ---- grants ----------------------------------------------------------------------- */

static tl_fault
dial(run *self, const tl_grant *grant, const char *control_endpoint, int64_t now_ms,
     tl_error *err)
{
    char to_sink[TL_ENDPOINT_BYTES];
    char to_lane[TL_ENDPOINT_BYTES];

    places_granted(grant->report_path, grant->report_host, grant->report_port,
                   control_endpoint, to_sink);
    places_granted(grant->path, (tl_text_view){0}, grant->port, control_endpoint,
                   to_lane);
    if (!self->outbox)
        self->outbox = outbox_open(to_sink, self->me->insecure, now_ms, err);
    if (!self->outbox ||
        outbox_redial(self->outbox, to_sink, self->me->insecure, now_ms, err) != TL_OK)
        return tl_within(err, "the way to the sink");
    if (self->lane && lane_number(self->lane) == grant->lane)
        return TL_OK;
    /* Tasks that the old lane still has are absent from the next heartbeat: sent again.
     */
    lane_close(&self->lane);
    self->lane = lane_open(grant->lane, to_lane, self->me->insecure, now_ms, err);
    self->top = 0;
    return self->lane ? TL_OK : tl_within(err, "the lane");
}

static tl_fault
take_part(run *self, const tl_grant *grant, const char *control_endpoint, int64_t now_ms,
          tl_error *err)
{
    bool first = self->epoch == 0 || self->refusal[0] != '\0';

    /* A later epoch of the same run has the same wishes: they are part of its name. */
    if (first && wishes_read(&self->wishes, &grant->options, self->me->root,
                             self->me->name, err) != TL_OK)
        return err->fault;
    return dial(self, grant, control_endpoint, now_ms, err);
}

tl_fault
run_take_grant(run *self, const tl_grant *grant, const char *control_endpoint,
               int64_t now_ms, tl_error *err)
{
    bool refused = self->refusal[0] != '\0';

    if (grant->epoch < self->epoch || (refused && now_ms - self->refused_ms < REFUSED_MS))
        return TL_OK;
    if (grant->epoch > self->epoch)
        self->cancelled_ms = INT64_MAX;
    if (take_part(self, grant, control_endpoint, now_ms, err) == TL_OK) {
        self->epoch = grant->epoch;
        self->refusal[0] = '\0';
        return TL_OK;
    }
    bool known = strncmp(self->refusal, err->text, sizeof self->refusal - 1) == 0;
    (void) snprintf(self->refusal, sizeof self->refusal, "%.*s", TL_TEXT_BYTES - 1,
                    err->text);
    self->refused_ms = now_ms;
    self->hurry = true;
    lane_close(&self->lane);
    return known ? TL_OK : err->fault;
}

/* ---- looking after sockets -------------------------------------------------------- */

static unsigned
look_at_lane(run *self, int64_t now_ms)
{
    tl_error problem = {0};

    if (!self->lane || !lane_look(self->lane, now_ms))
        return 0;
    self->hurry = true;
    if (lane_is(self->lane) == LANE_READY)
        return RUN_LANE_READY;
    run_read_lane(self, now_ms * 1000, &problem); /* what came before it broke */
    lane_close(&self->lane);
    return RUN_LANE_BROKE;
}

unsigned
run_look(run *self, int64_t now_ms)
{
    unsigned news = look_at_lane(self, now_ms);
    uint64_t id = 0;

    if (!self->outbox)
        return news;
    while (outbox_next_sent(self->outbox, &id)) {
        job *it = tl_idmap_get(self->held, id);

        finished_done(self->finished, id, now_ms);
        if (it && it->stage == JOB_REPORTING)
            run_forget(self, it);
    }
    bool stuck = outbox_is_stuck(self->outbox, now_ms);
    if (stuck == self->sink_stuck)
        return news;
    self->sink_stuck = stuck;
    self->hurry = true;
    return news | (unsigned) (stuck ? RUN_SINK_STUCK : RUN_SINK_BACK);
}

size_t
run_ears(run *self, ear **ears)
{
    size_t count = 0;

    if (self->lane) {
        ears[count++] = lane_ear(self->lane);
        ears[count++] = lane_monitor_ear(self->lane);
    }
    if (self->outbox)
        ears[count++] = outbox_monitor_ear(self->outbox);
    if (run_waits_for_sink(self)) /* else it rings, and nobody would answer */
        ears[count++] = outbox_ear(self->outbox);
    return count;
}

bool
run_waits_for_sink(const run *self)
{
    return self->outbox && outbox_waiting(self->outbox) > 0;
}

/* ---- how it stands ---------------------------------------------------------------- */

void
run_set_share(run *self, uint32_t share)
{
    self->share = share;
}

uint32_t
run_wanted(const run *self, int64_t now_ms)
{
    uint32_t held = (uint32_t) tl_idmap_size(self->held);

    if (held == 0 && now_ms - self->task_ms >= ACTIVE_MS)
        return 0;
    /* One that does not fill its part is held back by something else, a slow host; what
     * it leaves may be another's, but for some room to grow. */
    uint32_t most = self->most_held > held ? self->most_held : held;
    return most < self->share ? most + most / 4 + 4 : SHARE_ALL;
}

void
run_set_trouble(run *self, const char *trouble, bool stop)
{
    if (strcmp(self->trouble, trouble) == 0 && self->stopped == stop)
        return;
    (void) snprintf(self->trouble, sizeof self->trouble, "%s", trouble);
    self->stopped = stop;
    self->hurry = true;
}

void
run_cancel(run *self, int64_t now_ms)
{
    if (self->cancelled_ms != INT64_MAX)
        return;
    self->cancelled_ms = now_ms;
    self->hurry = true;
    run_return_queued(self, now_ms);
}

int64_t
run_cancelled_at_ms(const run *self)
{
    return self->cancelled_ms;
}

void
run_drain(run *self, int64_t now_ms)
{
    self->hurry = self->hurry || !self->draining;
    self->draining = true;
    run_return_queued(self, now_ms);
}

int64_t
run_idle_since_ms(const run *self)
{
    return self->task_ms;
}

bool
run_wants_no_more(const run *self)
{
    return self->draining || self->cancelled_ms != INT64_MAX;
}
