/* lane — the PUSH socket of one worker.
 *
 * Why it exists: with a socket of its own a worker's prefetch is exactly the credit it
 * asked for, and what it had when it died is known exactly. */
#ifndef TL_VENTILATOR_LANE_H
#define TL_VENTILATOR_LANE_H

#include "proto/buf.h"
#include "proto/socket.h"

typedef struct lane lane;

/* Is it "from-to"? TL_USAGE. */
tl_fault lane_ports_check(const char *ports, tl_error *err);

/* Bind a lane at the host of the `control` endpoint, on the first free port of `ports`;
 * for an ipc control beside it. NULL with TL_CANNOT_START and the like. */
lane *lane_new(const char *control, const char *ports, uint64_t number, bool insecure,
               tl_error *err);
void lane_destroy(lane **self_p);

/* False if it does not take the frame now (the worker is not connected yet). */
bool lane_send(lane *self, const tl_buf *frame);

/* Has its worker's connection gone? */
bool lane_is_broken(lane *self);

uint64_t lane_number(const lane *self);
uint16_t lane_port(const lane *self);    /* 0 for ipc */
const char *lane_path(const lane *self); /* "" for tcp */

#endif
