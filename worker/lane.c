#include "worker/lane.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/scope.h"

/* No heartbeat leaves while a lane opens (it would ask for another), so this must be well
 * below TL_SILENT_MS. */
enum { OPENING_MS = TL_SILENT_MS / 2 };

struct lane {
    uint64_t number;
    zsock_t *pull;
    zsock_t *monitor;
    ear ear;
    ear monitor_ear;
    lane_state state;
    int64_t give_up_ms; /* while opening: packets may be dropped without a word */
};

lane *
lane_open(uint64_t number, const char *endpoint, bool insecure, int64_t now_ms,
          tl_error *err)
{
    TL_SCOPED(lane_close) lane *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "opening a lane");
        return NULL;
    }
    self->number = number;
    self->give_up_ms = now_ms + OPENING_MS;
    self->pull =
        tl_socket_connect_watched(TL_LANE_PULL, endpoint, insecure, &self->monitor, err);
    if (!self->pull)
        return NULL;
    self->ear = ear_of(self->pull, ZMQ_POLLIN);
    self->monitor_ear = ear_of(self->monitor, ZMQ_POLLIN);
    return TL_GIVE(self);
}

void
lane_close(lane **self_p)
{
    assert(self_p);
    lane *self = *self_p;

    if (!self)
        return;
    if (self->monitor)
        tl_monitor_destroy(&self->monitor, self->pull);
    zsock_destroy(&self->pull);
    free(self);
    *self_p = NULL;
}

uint64_t
lane_number(const lane *self)
{
    return self->number;
}

lane_state
lane_is(const lane *self)
{
    return self->state;
}

bool
lane_look(lane *self, int64_t now_ms)
{
    lane_state before = self->state;

    for (tl_peer_event event;
         self->monitor_ear.awake && (event = tl_monitor_next(self->monitor));)
        self->state =
            event == TL_PEER_READY && self->state != LANE_GONE ? LANE_READY : LANE_GONE;
    if (self->state == LANE_OPENING && now_ms >= self->give_up_ms)
        self->state = LANE_GONE;
    return self->state != before;
}

zframe_t *
lane_next(lane *self)
{
    return ear_receive(&self->ear);
}

ear *
lane_ear(lane *self)
{
    return &self->ear;
}

ear *
lane_monitor_ear(lane *self)
{
    return &self->monitor_ear;
}
