/* fleet_state — what the parts of the fleet share: the workers, and what is said to them.
 *
 * Why it exists: fleet.c (what is said), fleet_workers.c (who is there, and since when
 * not) and fleet_control.c (what is heard) are one object in three readable parts; nobody
 * else looks in here. */
#ifndef TL_VENTILATOR_FLEET_STATE_H
#define TL_VENTILATOR_FLEET_STATE_H

#include "proto/idmap.h"
#include "ventilator/fleet.h"
#include "ventilator/lane.h"

typedef struct {
    char name[TL_WORKER_NAME_BYTES + 1];
    uint64_t boot;
    zframe_t *peer; /* its routing id on CONTROL */
    lane *lane;
    uint32_t number;  /* in the ledger */
    bool on_lane;     /* its heartbeats show the lane */
    bool laneless;    /* no lane could be made for it, and that was said */
    bool draining;    /* it is leaving */
    bool namesake;    /* another living worker has its name */
    uint64_t instead; /* boot of the worker whose place it took; 0 none */
    int64_t heard_ms;
    int64_t broken_ms; /* when its lane broke; -1 */
    uint64_t slots;
    uint64_t held;
    uint64_t done;
    uint64_t bytes;
    char trouble[TL_TEXT_BYTES + 1];
} worker;

struct fleet {
    fleet_settings settings;
    ledger *ledger;
    zsock_t *control;
    char endpoint[TL_ENDPOINT_BYTES];
    tl_idmap *by_boot;
    worker **by_number; /* with gaps; the walk that bears any change */
    size_t numbers;
    tl_buf *frame;
    tl_buf *options;
    size_t option_count;
    tl_opened run;  /* run 0: not open yet */
    uint64_t lanes; /* given so far in this epoch */
    bool cancelled;
    bool over;
    uint64_t refused; /* messages that were no good */
    int64_t complained_ms;
    uint64_t held[TL_BATCH_IDS];
    uint64_t begun[TL_BATCH_IDS];
};

/* ---- fleet.c: saying -------------------------------------------------------------- */

/* A worker that is away gets it with the answer to its next heartbeat. */
void fleet_say(fleet *self, zframe_t *peer, const tl_schema *schema, const void *message);
void fleet_answer(fleet *self, const worker *to);

/* ---- fleet_workers.c: coming and going -------------------------------------------- */

/* Who speaks. */
typedef struct {
    tl_text_view name;
    uint64_t boot;
    zframe_t **peer_p; /* taken by fleet_meet */
} fleet_caller;

/* The worker of that start, met before or new; NULL when memory is out. */
worker *fleet_meet(fleet *self, const fleet_caller *caller, int64_t now_ms,
                   tl_error *err);

/* Tell it its lane, which is made if it has none. */
void fleet_offer_lane(fleet *self, worker *to);

/* Its lane is dead: nothing is sent to it until it is on another one. */
void fleet_drop_lane(fleet *self, worker *of);

void fleet_destroy_worker(worker **self_p);

#endif
