#include <assert.h>

#include "ventilator/ledger_state.h"

/* What to do next: rulings, syncs, tasks for free slots. */

enum { BLOCKED_MS = 10 /* a lane whose handshake is not over yet */ };

static size_t
credit(const holder *worker)
{
    size_t used = worker->held.count + worker->foreign;

    if (!worker->joined || !worker->open || worker->draining || worker->blocked)
        return 0;
    return worker->slots > used ? worker->slots - used : 0;
}

/* The worker with the most free slots; for a suspect one with its last, so that a link
 * that kills takes as little as possible with it. */
static uint32_t
pick_worker(const ledger *self, bool suspect)
{
    uint32_t best = NOBODY;
    size_t best_credit = 0;

    for (uint32_t i = 0; i < self->worker_count; i++) {
        size_t free_slots = credit(&self->workers[i]);

        if (free_slots == 0 || (suspect && self->ready.count > 0 && free_slots > 1))
            continue;
        if (free_slots > best_credit) {
            best = i;
            best_credit = free_slots;
        }
    }
    return best;
}

static ledger_action
send(ledger *self, entry *e, uint32_t number, int64_t now_ms)
{
    holder *worker = &self->workers[number];

    e->seq = ++worker->seq;
    e->sends++;
    if (e->first_ms < 0)
        e->first_ms = now_ms;
    ledger_move(self, e, SENT, number, now_ms);
    self->tally.sends++;
    return (ledger_action){
        .verb = LEDGER_SEND,
        .id = e->id,
        .worker = number,
        .seq = e->seq,
        .attempt = e->tries + 1U,
        .last = e->tries + 1U >= self->settings.tries,
        .url = {e->text, e->url_size},
        .name = {e->text + e->url_size, e->name_size},
        .key = e->key,
    };
}

void
ledger_unsent(ledger *self, const ledger_action *action, int64_t now_ms)
{
    holder *worker = &self->workers[action->worker];
    entry *e = ledger_find_at(self, action->worker, action->id);

    assert(e);
    worker->blocked = true;
    self->unblock_ms = now_ms + BLOCKED_MS;
    worker->seq--;
    e->sends--;
    self->tally.sends--;
    ledger_make_ready(self, e, NOBODY, now_ms);
    queue *in = ledger_queue_of(self, e);
    ledger_take_out(in, e);
    ledger_put_first(in, e);
}

static ledger_action
speak(entry *e)
{
    e->unsaid = false;
    return (ledger_action){
        .verb = LEDGER_RULE,
        .id = e->id,
        .attempt = e->tries,
        .verdict = e->verdict,
        .fault = e->fault,
        .http = e->http,
    };
}

/* New rulings stand at the front, spoken ones behind in the order of their speaking: so
 * the first is the one to speak next. */
static ledger_action
next_ruling(ledger *self, int64_t now_ms)
{
    entry *e = self->ruled.first;

    if (!e || (!e->unsaid && now_ms - e->since_ms < TL_SETTLE_MS))
        return (ledger_action){.verb = LEDGER_NOTHING};
    ledger_move(self, e, RULED, NOBODY, now_ms);
    return speak(e);
}

static bool
settlement_overdue(const ledger *self, int64_t now_ms)
{
    const entry *e = self->reported.first;

    return e && now_ms - e->since_ms >= TL_SETTLE_MS;
}

static void
wake(ledger *self, int64_t now_ms)
{
    uint64_t id = 0;
    int64_t due = 0;

    if (self->unblock_ms >= 0 && now_ms >= self->unblock_ms) {
        self->unblock_ms = -1;
        for (uint32_t i = 0; i < self->worker_count; i++)
            self->workers[i].blocked = false;
    }
    while (delays_take(self->delays, now_ms, &id, &due)) {
        entry *e = ledger_find(self, id);

        if (e && e->stage == DELAYED && e->due_ms == due)
            ledger_make_ready(self, e, NOBODY, now_ms);
    }
}

/* Suspects first: their last-slot rule makes them wait for the right moment. */
static ledger_action
next_send(ledger *self, int64_t now_ms)
{
    if (self->stopped || self->reported.count >= TL_REPORTED_LINKS)
        return (ledger_action){.verb = LEDGER_NOTHING};

    for (int suspect = 1; suspect >= 0; suspect--) {
        entry *e = suspect ? self->suspects.first : self->ready.first;

        if (!e)
            continue;
        if (e->sends >= TL_SENDS) {
            ledger_rule(self, e, TL_LOST, TL_SENT_TOO_OFTEN, now_ms);
            return next_ruling(self, now_ms);
        }
        bool preferred = e->worker != NOBODY && credit(&self->workers[e->worker]) > 0;
        uint32_t number = preferred ? e->worker : pick_worker(self, suspect != 0);
        if (number != NOBODY)
            return send(self, e, number, now_ms);
    }
    return (ledger_action){.verb = LEDGER_NOTHING};
}

ledger_action
ledger_next(ledger *self, int64_t now_ms)
{
    if (settlement_overdue(self, now_ms))
        self->sync_wanted = true;
    if (self->sync_wanted && !self->sync_running) {
        self->sync_wanted = false;
        self->sync_running = true;
        self->sync_ms = now_ms;
        self->sync_moment = self->moments;
        return (ledger_action){.verb = LEDGER_SYNC};
    }
    ledger_action ruling = next_ruling(self, now_ms);
    if (ruling.verb != LEDGER_NOTHING)
        return ruling;
    wake(self, now_ms);
    return next_send(self, now_ms);
}

void
ledger_stop(ledger *self)
{
    self->stopped = true;
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int64_t
ledger_deadline(const ledger *self)
{
    int64_t deadline = sooner(delays_first(self->delays), self->unblock_ms);

    if (self->reported.first && !self->sync_running)
        deadline = sooner(deadline, self->reported.first->since_ms + TL_SETTLE_MS);
    if (self->ruled.first)
        deadline = sooner(deadline, self->ruled.first->since_ms +
                                        (self->ruled.first->unsaid ? 0 : TL_SETTLE_MS));
    return deadline;
}

ledger_state
ledger_now(const ledger *self)
{
    ledger_state state = self->tally;

    state.ready = self->ready.count + self->suspects.count;
    state.delayed = self->waiting.count;
    state.reported = self->reported.count;
    return state;
}

size_t
ledger_unfinished(const ledger *self, uint32_t number)
{
    return self->workers[number].held.count;
}
