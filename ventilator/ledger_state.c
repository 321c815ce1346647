#include "ventilator/ledger_state.h"

#include <assert.h>
#include <stdlib.h>

queue *
ledger_queue_of(ledger *self, const entry *e)
{
    switch (e->stage) {
    case READY:
        return &self->ready;
    case SUSPECT:
        return &self->suspects;
    case DELAYED:
        return &self->waiting;
    case SENT:
    case HELD:
        return &self->workers[e->worker].held;
    case REPORTED:
        return &self->reported;
    case MISSING:
        return &self->missing;
    case RULED:
        return &self->ruled;
    }
    assert(0 && "no such state"); /* NOLINT: a literal says more than a number */
    return NULL;
}

void
ledger_take_out(queue *in, entry *e)
{
    *(e->before ? &e->before->behind : &in->first) = e->behind;
    *(e->behind ? &e->behind->before : &in->last) = e->before;
    e->before = e->behind = NULL;
    in->count--;
}

void
ledger_put_last(queue *in, entry *e)
{
    e->before = in->last;
    *(in->last ? &in->last->behind : &in->first) = e;
    in->last = e;
    in->count++;
}

void
ledger_put_first(queue *in, entry *e)
{
    e->behind = in->first;
    *(in->first ? &in->first->before : &in->last) = e;
    in->first = e;
    in->count++;
}

void
ledger_move(ledger *self, entry *e, stage to, uint32_t worker, int64_t now_ms)
{
    bool was_with_worker = ledger_is_at_worker(e);

    ledger_take_out(ledger_queue_of(self, e), e);
    e->stage = to;
    e->worker = worker;
    e->since_ms = now_ms;
    e->moment = ++self->moments;
    bool is_with_worker = ledger_is_at_worker(e);
    if (!is_with_worker)
        e->begun = false;
    ledger_put_last(ledger_queue_of(self, e), e);
    self->tally.at_workers += is_with_worker;
    self->tally.at_workers -= was_with_worker;
}

void
ledger_make_ready(ledger *self, entry *e, uint32_t prefer, int64_t now_ms)
{
    ledger_move(self, e, e->losses ? SUSPECT : READY, prefer, now_ms);
}

void
ledger_rule(ledger *self, entry *e, tl_verdict verdict, tl_fault fault, int64_t now_ms)
{
    ledger_move(self, e, RULED, NOBODY, now_ms);
    e->verdict = verdict;
    e->fault = fault;
    e->unsaid = true;
    ledger_take_out(&self->ruled, e);
    ledger_put_first(&self->ruled, e);
}

void
ledger_forget(ledger *self, entry *e)
{
    self->tally.at_workers -= ledger_is_at_worker(e);
    ledger_take_out(ledger_queue_of(self, e), e);
    tl_idmap_drop(self->entries, e->id);
    self->tally.links -= e->known;
    self->tally.bytes -= e->url_size + e->name_size;
    free(e);
}

entry *
ledger_new_entry(ledger *self, uint64_t id, size_t text_bytes)
{
    entry *e = calloc(1, sizeof *e + text_bytes);

    if (!e || !tl_idmap_put(self->entries, id, e)) {
        free(e);
        return NULL;
    }
    e->id = id;
    e->worker = NOBODY;
    e->first_ms = -1;
    return e;
}

entry *
ledger_find(const ledger *self, uint64_t id)
{
    return tl_idmap_get(self->entries, id);
}

bool
ledger_is_at_worker(const entry *e)
{
    return e->stage == SENT || e->stage == HELD;
}

entry *
ledger_find_at(const ledger *self, uint32_t number, uint64_t id)
{
    entry *e = ledger_find(self, id);

    return e && ledger_is_at_worker(e) && e->worker == number ? e : NULL;
}
