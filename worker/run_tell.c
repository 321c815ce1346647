#include <string.h>

#include "worker/run_self.h"

enum {
    TELL_MS = 10,     /* done and returned are collected for so long */
    CALM_MS = 100,    /* between looks for new slots */
    HURRY_MS = 20,    /* between heartbeats that could not wait */
    SAVING_STEP = 16, /* links at the disk are told in steps, not one by one */
};

static const char *
trouble_of(const run *self)
{
    if (self->refusal[0] != '\0')
        return self->refusal;
    if (self->trouble[0] != '\0')
        return self->trouble;
    return self->sink_stuck ? "cannot reach the sink" : "";
}

/* Links whose files are being made durable take no transfer's or helper's place, and a
 * disk may take a while; so they don't count as slots, or every sync would starve us. */
static uint64_t
saving(const run *self)
{
    uint64_t count = 0;
    size_t at = 0;

    for (const job *it; (it = tl_idmap_next(self->held, &at));)
        count += it->stage == JOB_STORING || it->stage == JOB_SYNCING;
    return (count + SAVING_STEP - 1) / SAVING_STEP * SAVING_STEP;
}

static uint64_t
slots_of(const run *self)
{
    if (run_wants_no_more(self) || self->stopped || self->refusal[0] != '\0')
        return 0;
    uint64_t slots = self->share + saving(self);
    return slots < RUN_LINKS ? slots : RUN_LINKS;
}

/* Both lists of a heartbeat, packed. */
static bool
list_held(run *self, tl_heartbeat *beat)
{
    tl_error err = {0};
    size_t at = 0;
    size_t begun = 0;

    tl_buf_clear(self->frame);
    tl_buf_clear(self->begun);
    for (const job *it; (it = tl_idmap_next(self->held, &at));) {
        if (tl_list_add_id(self->frame, it->id, &err) != TL_OK)
            return false;
        if (it->stage == JOB_QUEUED)
            continue;
        if (tl_list_add_id(self->begun, it->id, &err) != TL_OK)
            return false;
        begun++;
    }
    beat->held = tl_list_of(self->frame, tl_idmap_size(self->held));
    beat->begun = tl_list_of(self->begun, begun);
    return true;
}

static bool
beat(run *self, control *to, int64_t now_ms)
{
    bool has_lane = self->lane && lane_is(self->lane) == LANE_READY;
    tl_heartbeat it = {
        .worker = tl_view(self->me->name),
        .boot = self->me->boot,
        .run = self->number,
        .lane = has_lane ? lane_number(self->lane) : 0,
        .top = has_lane ? self->top : 0,
        .slots = slots_of(self),
        .draining = self->draining,
        .done = self->done,
        .bytes = self->bytes,
        .trouble = tl_view(trouble_of(self)),
    };

    if (!list_held(self, &it) || !control_say(to, &TL_HEARTBEAT, &it))
        return false;
    self->said_ms = now_ms;
    self->said_slots = it.slots;
    self->hurry = false;
    return true;
}

/* A lane that opens cannot be claimed, and to claim none would ask for another; but who
 * leaves needs none. */
static bool
may_beat(const run *self)
{
    return !self->lane || lane_is(self->lane) == LANE_READY || self->draining;
}

static int64_t
beat_at_ms(const run *self)
{
    if (!may_beat(self))
        return INT64_MAX;
    return self->said_ms + (self->hurry ? HURRY_MS : TL_BEAT_MS);
}

static int64_t
finished_at_ms(const run *self)
{
    int64_t since = finished_since_ms(self->finished);

    if (since == INT64_MAX)
        return since;
    /* With few slots a collected `done` would leave us idle; an eighth is enough. */
    return finished_count(self->finished) * 8 >= self->share ? since : since + TELL_MS;
}

int64_t
run_tell_at_ms(const run *self)
{
    int64_t a = beat_at_ms(self);
    int64_t b = finished_at_ms(self);

    return a < b ? a : b;
}

bool
run_tell(run *self, control *to, int64_t now_ms)
{
    if (now_ms - self->looked_ms >= CALM_MS) {
        self->looked_ms = now_ms;
        if (slots_of(self) != self->said_slots)
            self->hurry = true;
    }
    bool beats = now_ms >= beat_at_ms(self);
    if (!beats && now_ms < finished_at_ms(self))
        return true;
    /* First who left, then who is here: the other way round they would seem lost. */
    if (!finished_tell(self->finished, to, self->me->boot, self->number))
        return false;
    return !beats || beat(self, to, now_ms);
}

bool
run_is_told(const run *self)
{
    return tl_idmap_size(self->held) == 0 && finished_count(self->finished) == 0 &&
           !self->hurry;
}
