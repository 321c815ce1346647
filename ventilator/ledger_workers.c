#include <assert.h>
#include <stdlib.h>

#include "ventilator/ledger_state.h"

/* What happens to workers, and with it to the links they have. */

enum {
    BACKOFF_FIRST_MS = 1000, /* doubled at each try, full jitter */
    BACKOFF_MOST_MS = 60000, /* also for what a server asks for */
};

uint32_t
ledger_join(ledger *self)
{
    uint32_t i = 0;

    while (i < self->worker_count && self->workers[i].joined)
        i++;
    if (i == self->worker_count) {
        holder *grown = realloc(self->workers, (i + 1) * sizeof *grown);

        if (!grown)
            return NOBODY;
        self->workers = grown;
        self->worker_count++;
    }
    self->workers[i] = (holder){.joined = true};
    return i;
}

/* Its worker is lost or does not have it: nobody knows whether it was reported before, so
 * the sink is asked first. */
static void
miss(ledger *self, entry *e, int64_t now_ms)
{
    ledger_move(self, e, MISSING, NOBODY, now_ms);
    self->sync_wanted = true;
}

static void
prefer_no_longer(queue *in, uint32_t number)
{
    for (entry *e = in->first; e; e = e->behind)
        e->worker = e->worker == number ? NOBODY : e->worker;
}

void
ledger_leave(ledger *self, uint32_t number, int64_t now_ms)
{
    holder *worker = &self->workers[number];

    assert(worker->joined);
    while (worker->held.first) {
        entry *e = worker->held.first;

        if (e->ended) {
            ledger_forget(self, e);
            continue;
        }
        e->losses += e->begun;
        self->tally.losses += e->begun;
        miss(self, e, now_ms);
        if (e->losses >= TL_LOSSES)
            ledger_rule(self, e, TL_LOST, TL_WORKERS_DIED, now_ms);
    }
    /* Its number will be another's, who has not its cache. */
    prefer_no_longer(&self->ready, number);
    prefer_no_longer(&self->suspects, number);
    prefer_no_longer(&self->reported, number);
    worker->joined = worker->open = false;
}

void
ledger_close(ledger *self, uint32_t number)
{
    self->workers[number].open = false;
}

void
ledger_drain(ledger *self, uint32_t number)
{
    self->workers[number].draining = true;
}

/* The worker says that it has the link. */
static tl_fault
claim(ledger *self, uint32_t number, uint64_t id, int64_t now_ms, tl_error *err)
{
    holder *worker = &self->workers[number];
    entry *e = ledger_find(self, id);

    if (!e) {
        /* A ventilator before us sent it, or it has settled since: it takes a slot. */
        e = ledger_new_entry(self, id, 0);
        if (!e)
            return tl_fail(err, TL_NO_MEMORY, "no memory for a worker's links");
        e->stage = HELD;
        e->worker = number;
        e->since_ms = now_ms;
        ledger_put_last(&worker->held, e);
        self->tally.at_workers++;
    }
    e->beat = self->beat;
    if (e->first_ms < 0)
        e->first_ms = now_ms; /* as far as we can know */
    bool thought_lost = e->stage == READY || e->stage == SUSPECT || e->stage == DELAYED ||
                        e->stage == MISSING;
    if (thought_lost || (e->stage == SENT && e->worker == number))
        ledger_move(self, e, HELD, number, now_ms);
    if (e->worker != number || e->stage != HELD)
        worker->foreign++;
    return TL_OK;
}

/* Would the heartbeat list the link if the worker had it? Not yet if the task may still
 * be on its way. `fresh`: it is the first on a new lane, and the tasks of the old one
 * went down with that. */
static bool
has_passed(const entry *e, const ledger_beat *beat, bool fresh)
{
    if (e->stage == HELD || beat->lane == LEDGER_LANE_NONE)
        return true;
    return beat->lane == LEDGER_LANE_OURS && (fresh || e->seq <= beat->top);
}

/* What this heartbeat has passed and does not list is not there. */
static void
sort_out(ledger *self, holder *worker, const ledger_beat *beat, bool fresh,
         int64_t now_ms)
{
    for (entry *e = worker->held.first, *behind = NULL; e; e = behind) {
        behind = e->behind;
        if (e->beat == self->beat || !has_passed(e, beat, fresh))
            continue;
        if (e->known)
            miss(self, e, now_ms);
        else
            ledger_forget(self, e);
    }
}

tl_fault
ledger_heartbeat(ledger *self, uint32_t number, const ledger_beat *beat, int64_t now_ms,
                 tl_error *err)
{
    holder *worker = &self->workers[number];
    bool open = beat->lane == LEDGER_LANE_OURS;
    bool fresh = open && !worker->open;

    assert(worker->joined);
    self->beat++;
    if (fresh)
        worker->seq = 0; /* each lane counts from 1 */
    worker->open = open;
    worker->draining = beat->draining;
    worker->slots = beat->slots;
    worker->foreign = 0;
    for (size_t i = 0; i < beat->held_count; i++)
        if (claim(self, number, beat->held[i], now_ms, err) != TL_OK)
            return err->fault;
    for (size_t i = 0; i < beat->begun_count; i++) {
        entry *e = ledger_find(self, beat->begun[i]);

        if (e && e->worker == number && e->stage == HELD)
            e->begun = true;
    }
    sort_out(self, worker, beat, fresh, now_ms);
    return TL_OK;
}

void
ledger_done(ledger *self, uint32_t number, uint64_t id, int64_t now_ms)
{
    entry *e = ledger_find(self, id);

    if (!e || e->stage == RULED || e->stage == REPORTED)
        return;
    /* Another worker has it as well by now, and a slot is taken there until that one says
     * so; the report settles the link all the same. */
    if (ledger_is_at_worker(e) && e->worker != number)
        return;
    if (e->ended)
        ledger_forget(self, e);
    else
        ledger_move(self, e, REPORTED, number,
                    now_ms); /* even one that was thought lost */
}

static int64_t
jitter(ledger *self, int64_t most)
{
    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return (int64_t) (self->random % (uint64_t) (most + 1));
}

static int64_t
next_try(ledger *self, const entry *e, uint64_t after_ms)
{
    int64_t most = BACKOFF_FIRST_MS;

    for (unsigned i = 1; i < e->tries && most < BACKOFF_MOST_MS; i++)
        most *= 2;
    int64_t wait = jitter(self, most < BACKOFF_MOST_MS ? most : BACKOFF_MOST_MS);
    int64_t asked = after_ms < BACKOFF_MOST_MS ? (int64_t) after_ms : BACKOFF_MOST_MS;
    return asked > wait ? asked : wait;
}

static bool
may_try_again(const ledger *self, const entry *e)
{
    tl_retry retry = tl_fault_retry(e->fault);

    return (retry == TL_RETRY_ONCE && e->tries < 2) ||
           (retry == TL_RETRY_TRIES && e->tries < self->settings.tries);
}

void
ledger_again(ledger *self, uint32_t number, const tl_again *failure, int64_t now_ms)
{
    entry *e = ledger_find_at(self, number, failure->id);

    if (!e)
        return;
    if (!e->known) {
        ledger_forget(self, e); /* only a claim; it comes anew when it is registered */
        return;
    }
    e->tries++;
    e->fault = (tl_fault) failure->fault; /* one we don't know is not tried again */
    e->http = (uint16_t) failure->http;
    int64_t due = now_ms + next_try(self, e, failure->after);

    if (!may_try_again(self, e)) {
        ledger_rule(self, e, TL_FAILED, e->fault, now_ms);
        return;
    }
    if (due - e->first_ms > self->settings.life_ms) {
        ledger_rule(self, e, TL_FAILED, TL_LINK_LIFE, now_ms);
        return;
    }
    self->tally.retries++;
    if (!delays_add(self->delays, e->id, due)) {
        ledger_make_ready(self, e, NOBODY, now_ms); /* no memory to wait in */
        return;
    }
    ledger_move(self, e, DELAYED, NOBODY, now_ms);
    e->due_ms = due;
}

void
ledger_returned(ledger *self, uint32_t number, uint64_t id, int64_t now_ms)
{
    entry *e = ledger_find_at(self, number, id);

    if (e && !e->known)
        ledger_forget(self, e);
    else if (e)
        ledger_make_ready(self, e, NOBODY, now_ms);
}
