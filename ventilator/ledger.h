/* ledger — every registered link that has not settled, who has it, and what to do next.
 *
 * Why it exists: PUSH hands a task to a worker and forgets it; what sits in the buffers
 * of a process that dies is gone. The ledger makes up for it. It is a pure state machine:
 * what happened and when comes in as arguments, what is to be done comes out of
 * ledger_next(); no sockets, no clock, no files. So a simulator can drive this very code.
 *
 *   ledger_add      LEDGER_SEND      heartbeat      ledger_done    ledger_settled
 *   ─────────> READY ─────────> SENT ──────────> HELD ────────> REPORTED ────────>
 *              ^^^^               │                │                │
 *              │││└── returned ───┤ <──────────────┤                │
 *              ││└─── MISSING <───┤ absent, gone <─┤                │
 *              │└──── DELAYED <───┴─ ledger_again <┘                │
 *              └───── not settled for long <────────────────────────┘
 *
 * The ways back through MISSING and REPORTED ask the sink first (LEDGER_SYNC).
 * SUSPECT is READY for a link that a worker died on. RULED: the ventilator itself has to
 * speak the verdict, and waits for it to settle. */
#ifndef TL_VENTILATOR_LEDGER_H
#define TL_VENTILATOR_LEDGER_H

#include "proto/fault.h"
#include "proto/limits.h"
#include "proto/message.h"

typedef struct ledger ledger;

typedef struct {
    uint32_t tries;  /* of a link whose fault may pass */
    int64_t life_ms; /* from a link's first sending to its last */
    uint64_t seed;   /* of the retries' jitter */
} ledger_settings;

typedef struct {
    uint64_t id;
    tl_text_view url;
    tl_text_view name;
    uint8_t key[TL_KEY_BYTES];
} ledger_link;

/* NULL when memory is out. */
ledger *ledger_new(const ledger_settings *settings);
void ledger_destroy(ledger **self_p);

/* ---- what happened to links ------------------------------------------------------- */

/* A registered, pending link; its texts are copied. TL_NO_MEMORY. Known ids are left as
 * they are; one that a worker claimed to hold stays with that worker. */
tl_fault ledger_add(ledger *self, const ledger_link *link, int64_t now_ms, tl_error *err);

/* It is on the sink's disk, and forgotten here; but where a worker has it still, it goes
 * on taking a slot there. */
void ledger_settled(ledger *self, uint64_t id);

/* Everything that had settled when the last SYNC was asked for has been told. */
void ledger_synced(ledger *self, int64_t now_ms);

/* Something was lost on the way from the sink (a gap in its chain, a new connection):
 * ask it. */
void ledger_want_sync(ledger *self);

/* ---- what happened to workers ----------------------------------------------------- */

/* A worker with a lane of its own. Returns its number, which is used again after
 * ledger_leave; UINT32_MAX when memory is out. */
uint32_t ledger_join(ledger *self);

/* The worker is gone and all that it had is free. Links it had begun count a loss. */
void ledger_leave(ledger *self, uint32_t number, int64_t now_ms);

/* Its lane was given up: it gets nothing until a heartbeat shows the next one. */
void ledger_close(ledger *self, uint32_t number);

/* It wants no more; the next heartbeat says whether that lasts. */
void ledger_drain(ledger *self, uint32_t number);

/* The lane that a heartbeat shows. */
typedef enum {
    LEDGER_LANE_NONE,  /* its socket is gone, and whatever was on its way with it */
    LEDGER_LANE_OTHER, /* an earlier one: says nothing of tasks it has not seen */
    LEDGER_LANE_OURS,  /* the one we granted: tasks may be sent */
} ledger_lane;

typedef struct {
    ledger_lane lane;
    bool draining;
    uint64_t top; /* highest sequence number it has received */
    uint32_t slots;
    const uint64_t *held; /* all that it holds */
    size_t held_count;
    const uint64_t *begun; /* those of them it has started on */
    size_t begun_count;
} ledger_beat;

/* Its heartbeat. TL_NO_MEMORY. */
tl_fault ledger_heartbeat(ledger *self, uint32_t number, const ledger_beat *beat,
                          int64_t now_ms, tl_error *err);

/* It has reported the link to the sink: its slot is free. */
void ledger_done(ledger *self, uint32_t number, uint64_t id, int64_t now_ms);

/* Its try of the link ended in a fault that may pass. */
void ledger_again(ledger *self, uint32_t number, const tl_again *failure, int64_t now_ms);

/* It hands the link back without having begun it. */
void ledger_returned(ledger *self, uint32_t number, uint64_t id, int64_t now_ms);

/* ---- what to do ------------------------------------------------------------------- */

typedef enum { LEDGER_NOTHING, LEDGER_SEND, LEDGER_RULE, LEDGER_SYNC } ledger_verb;

typedef struct {
    ledger_verb verb;
    uint64_t id;      /* SEND, RULE */
    uint32_t worker;  /* SEND: on this one's lane */
    uint64_t seq;     /* SEND: the task's number on that lane */
    uint32_t attempt; /* SEND; RULE: tries so far */
    bool last;        /* SEND: there will be no other try */
    tl_text_view url; /* SEND: valid until the next call */
    tl_text_view name;
    const uint8_t *key;
    tl_verdict verdict; /* RULE */
    tl_fault fault;
    uint32_t http;
} ledger_action;

/* The next thing to do; LEDGER_NOTHING until something happens or the deadline comes. */
ledger_action ledger_next(ledger *self, int64_t now_ms);

/* The task of the last SEND could not be sent: the worker gets none for a moment, the
 * link goes to the front. */
void ledger_unsent(ledger *self, const ledger_action *action, int64_t now_ms);

/* Send no more: the run is cancelled. */
void ledger_stop(ledger *self);

/* When ledger_next must be called even if nothing happens; -1: never. */
int64_t ledger_deadline(const ledger *self);

/* ---- how it stands ---------------------------------------------------------------- */

typedef struct {
    size_t links;   /* held here */
    size_t bytes;   /* of their text */
    size_t ready;   /* to be sent as soon as there is a slot */
    size_t delayed; /* waiting for their next try */
    size_t at_workers;
    size_t reported;
    uint64_t sends; /* so far */
    uint64_t losses;
    uint64_t retries;
} ledger_state;

ledger_state ledger_now(const ledger *self);

/* Links that a worker has and has not finished. */
size_t ledger_unfinished(const ledger *self, uint32_t number);

#endif
