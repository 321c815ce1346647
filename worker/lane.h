/* lane — the socket on which one ventilator pushes tasks to this worker.
 *
 * Why it exists: a lane belongs to one worker and dies with its connection; a port that
 * answers again may by then be another worker's. So a lane never reconnects: when it
 * breaks it is closed, and the heartbeat asks for a new one. */
#ifndef WORKER_LANE_H
#define WORKER_LANE_H

#include "worker/ear.h"

typedef struct lane lane;

typedef enum {
    LANE_OPENING, /* not connected yet: a heartbeat must not claim it */
    LANE_READY,
    LANE_GONE, /* broken, or not to be reached: drain it and close it */
} lane_state;

/* NULL with a sentence if the endpoint is no good. */
lane *lane_open(uint64_t number, const char *endpoint, bool insecure, int64_t now_ms,
                tl_error *err);
void lane_close(lane **self_p);

uint64_t lane_number(const lane *self);

/* How is it, as of the last look? */
lane_state lane_is(const lane *self);

/* Look: true if it is another state now. */
bool lane_look(lane *self, int64_t now_ms);

/* The next frame; NULL if there is none. The caller owns it. */
zframe_t *lane_next(lane *self);

/* What wakes the loop. */
ear *lane_ear(lane *self);
ear *lane_monitor_ear(lane *self);

#endif
