#include "ventilator/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "ventilator/ledger_state.h"

ledger *
ledger_new(const ledger_settings *settings)
{
    TL_SCOPED(ledger_destroy) ledger *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->settings = *settings;
    self->random = settings->seed | 1;
    self->unblock_ms = -1;
    self->entries = tl_idmap_new();
    self->delays = delays_new();
    return self->entries && self->delays ? TL_GIVE(self) : NULL;
}

void
ledger_destroy(ledger **self_p)
{
    assert(self_p);
    ledger *self = *self_p;

    if (!self)
        return;
    size_t at = 0;
    for (entry *e = self->entries ? tl_idmap_next(self->entries, &at) : NULL; e;
         e = tl_idmap_next(self->entries, &at))
        free(e);
    tl_idmap_destroy(&self->entries);
    delays_destroy(&self->delays);
    free(self->workers);
    free(self);
    *self_p = NULL;
}

/* A worker's claim was all we knew; now the link itself is here. */
static entry *
replace_claim(ledger *self, entry *claim, size_t text_bytes)
{
    entry kept = *claim;
    queue *in = ledger_queue_of(self, claim);
    entry *e = NULL;

    ledger_take_out(in, claim);
    tl_idmap_drop(self->entries, claim->id);
    e = ledger_new_entry(self, kept.id, text_bytes);
    if (e) {
        memcpy(e, &kept, sizeof kept);
        e->before = e->behind = NULL;
        e->ended = false;
        ledger_put_last(in, e);
    } else {
        self->tally.at_workers -= ledger_is_at_worker(&kept);
    }
    free(claim);
    return e;
}

tl_fault
ledger_add(ledger *self, const ledger_link *link, int64_t now_ms, tl_error *err)
{
    size_t text_bytes = link->url.size + link->name.size;
    entry *e = ledger_find(self, link->id);

    if (e && e->known)
        return TL_OK;
    bool claimed = e != NULL;
    e = claimed ? replace_claim(self, e, text_bytes)
                : ledger_new_entry(self, link->id, text_bytes);
    if (!e)
        return tl_fail(err, TL_NO_MEMORY, "no memory for another link");
    e->known = true;
    memcpy(e->key, link->key, sizeof e->key);
    e->url_size = link->url.size;
    e->name_size = link->name.size;
    memcpy(e->text, link->url.at, link->url.size);
    memcpy(e->text + link->url.size, link->name.at, link->name.size);
    self->tally.links++;
    self->tally.bytes += text_bytes;
    if (!claimed) {
        e->stage = READY;
        e->since_ms = now_ms;
        ledger_put_last(&self->ready, e);
    }
    return TL_OK;
}

void
ledger_settled(ledger *self, uint64_t id)
{
    entry *e = ledger_find(self, id);

    if (e && ledger_is_at_worker(e)) {
        self->tally.links -= e->known;
        e->known = false;
        e->ended = true;
    } else if (e) {
        ledger_forget(self, e);
    }
}

void
ledger_want_sync(ledger *self)
{
    self->sync_wanted = true;
}

void
ledger_synced(ledger *self, int64_t now_ms)
{
    if (!self->sync_running)
        return;
    self->sync_running = false;
    /* Queues are in order of time: what came before the question and is still here has
     * not settled. */
    for (entry *e = self->missing.first; e && e->moment <= self->sync_moment;
         e = self->missing.first) {
        if (!e->known)
            ledger_forget(self, e);
        else
            ledger_make_ready(self, e, NOBODY, now_ms);
    }
    for (entry *e = self->reported.first;
         e && e->since_ms + TL_SETTLE_MS <= self->sync_ms; e = self->reported.first) {
        /* The report was lost on the way; its worker can answer from its cache. */
        if (!e->known)
            ledger_forget(self, e);
        else
            ledger_make_ready(self, e, e->worker, now_ms);
    }
}
