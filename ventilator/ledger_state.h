/* ledger_state — what the parts of the ledger share: entries, the queues they stand in,
 * and the one function that moves them.
 *
 * Why it exists: ledger.c (links), ledger_workers.c (workers) and ledger_dispatch.c (what
 * to do next) are one state machine in three readable parts; nobody else looks in here.
 */
#ifndef TL_VENTILATOR_LEDGER_STATE_H
#define TL_VENTILATOR_LEDGER_STATE_H

#include "proto/idmap.h"
#include "ventilator/delays.h"
#include "ventilator/ledger.h"

#define NOBODY UINT32_MAX

typedef enum { READY, SUSPECT, DELAYED, SENT, HELD, REPORTED, MISSING, RULED } stage;

typedef struct entry entry;

/* Where entries of one state stand in line, in the order in which they came to it. */
typedef struct {
    entry *first;
    entry *last;
    size_t count;
} queue;

struct entry {
    uint64_t id;
    entry *before;
    entry *behind;
    stage stage;
    uint32_t worker;  /* SENT, HELD, REPORTED: whose; READY: preferred, or NOBODY */
    uint64_t seq;     /* of its task on the lane; 0 for an adopted one */
    int64_t since_ms; /* in this state */
    uint64_t moment;  /* the same as a number of its own: milliseconds are not unique */
    int64_t first_ms; /* first sent; -1 never */
    int64_t due_ms;   /* DELAYED */
    uint64_t beat;    /* the last heartbeat that listed it */
    uint16_t tries;   /* that ended in a fault */
    uint16_t sends;
    uint16_t losses;
    uint16_t http;
    bool begun;
    bool unsaid; /* RULED: the verdict has not been spoken yet */
    bool ended;  /* SENT, HELD: settled, and nothing but a slot that is taken */
    bool known;  /* registered; else only a worker's claim, adopted */
    tl_fault fault;
    tl_verdict verdict; /* RULED */
    uint8_t key[TL_KEY_BYTES];
    size_t url_size;
    size_t name_size;
    char text[]; /* the URL, then the name */
};

typedef struct {
    bool joined;
    bool open;
    bool draining;
    bool blocked; /* the lane did not take a task a moment ago */
    uint32_t slots;
    uint32_t foreign; /* links its last heartbeat listed that are another's now */
    uint64_t seq;     /* of the last task sent */
    queue held;       /* SENT and HELD */
} holder;

struct ledger {
    ledger_settings settings;
    tl_idmap *entries;
    delays *delays;
    queue ready;
    queue suspects; /* ready, but some worker died on it: the last free slot only */
    queue waiting;  /* DELAYED */
    queue reported;
    queue missing;
    queue ruled;
    holder *workers;
    uint32_t worker_count;
    uint64_t beat; /* counts heartbeats of all workers */
    uint64_t random;
    bool stopped;
    bool sync_wanted;
    bool sync_running;
    int64_t sync_ms; /* when the running one was asked for */
    uint64_t sync_moment;
    uint64_t moments;   /* counts changes of state */
    int64_t unblock_ms; /* when to try a lane again that did not take a task; -1 */
    ledger_state tally;
};

/* The entry of that id; NULL if there is none. */
entry *ledger_find(const ledger *self, uint64_t id);

/* Does a worker have it unfinished? */
bool ledger_is_at_worker(const entry *e);

/* The entry if that worker has it unfinished. */
entry *ledger_find_at(const ledger *self, uint32_t number, uint64_t id);

/* A new entry outside of every queue; NULL when memory is out. */
entry *ledger_new_entry(ledger *self, uint64_t id, size_t text_bytes);

/* The queue in which entries of its stage stand. */
queue *ledger_queue_of(ledger *self, const entry *e);
void ledger_put_last(queue *in, entry *e);
void ledger_put_first(queue *in, entry *e);
void ledger_take_out(queue *in, entry *e);

/* The only place where an entry changes its stage or its worker. */
void ledger_move(ledger *self, entry *e, stage to, uint32_t worker, int64_t now_ms);

/* Ready for a slot: `prefer` has it in its cache, or NOBODY. */
void ledger_make_ready(ledger *self, entry *e, uint32_t prefer, int64_t now_ms);

/* The ventilator speaks this verdict, before it repeats any other. */
void ledger_rule(ledger *self, entry *e, tl_verdict verdict, tl_fault fault,
                 int64_t now_ms);

/* It has ended, or was nothing but a claim. */
void ledger_forget(ledger *self, entry *e);

#endif
