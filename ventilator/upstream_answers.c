#include <string.h>

#include "proto/log.h"
#include "proto/scope.h"
#include "ventilator/upstream_state.h"

/* What the sink says, and what it means to the ledger. */

static tl_fault
on_opened(upstream *self, const tl_opened *message, int64_t now_ms, tl_error *err)
{
    const tl_opened *before = &self->opened;
    bool first = !self->ever_opened;

    if (message->instance != self->open.instance)
        return TL_OK; /* the answer to a ventilator before us */
    if (!first && (message->run != before->run || message->epoch != before->epoch))
        return tl_fail(err, TL_REFUSED,
                       "the sink has come back with another record: start this again");
    (void) tl_view_copy(message->report_path, self->report_path,
                        sizeof self->report_path);
    (void) tl_view_copy(message->report_key, self->report_key, sizeof self->report_key);
    self->opened = *message;
    self->opened.report_path = tl_view(self->report_path);
    self->opened.report_key = tl_view(self->report_key);
    self->ever_opened = self->opening.answered = self->news = true;
    self->away_ms = -1;
    self->progress_ms = now_ms;
    if (first) {
        self->chain = message->seq;
        return TL_OK;
    }
    upstream_repeat(self);
    ledger_want_sync(self->ledger);
    return TL_OK;
}

static void
on_settled(upstream *self, const tl_settled *message)
{
    tl_list ids = message->ids;
    uint64_t id = 0;

    if (message->prev > self->chain)
        ledger_want_sync(self->ledger); /* a gap: something before it was lost */
    else if (message->last > self->chain)
        self->chain = message->last;
    while (tl_list_next_id(&ids, &id))
        ledger_settled(self->ledger, id);
}

static void
on_synced(upstream *self, const tl_synced *message, int64_t now_ms)
{
    if (!self->sync.wanted || self->sync.answered || message->seq > self->chain)
        return; /* stale, or a piece of the chain was lost: the repetition will tell */
    self->sync.answered = true;
    ledger_synced(self->ledger, now_ms);
}

static tl_fault
on_page(upstream *self, const tl_page *message, int64_t now_ms, tl_error *err)
{
    tl_list links = message->links;
    tl_page_link link;

    if (message->after != self->page_after || !self->paging.wanted ||
        self->paging.answered)
        return TL_OK; /* the answer to a repetition */
    while (tl_list_next(&links, &TL_PAGE_LINK, &link)) {
        ledger_link entry = {.id = link.id, .url = link.url, .name = link.name};

        memcpy(entry.key, link.key.at, sizeof entry.key);
        if (ledger_add(self->ledger, &entry, now_ms, err) != TL_OK)
            return err->fault;
        self->page_after = link.id;
    }
    self->paging.answered = true;
    self->pages_left = message->more;
    return TL_OK;
}

static void
on_heard(upstream *self, const tl_heard *message)
{
    char what[TL_WORKER_NAME_BYTES];

    (void) tl_view_copy(message->message, what, sizeof what);
    if (strcmp(what, "listed") == 0)
        self->listing.answered = self->listing.wanted;
    if (strcmp(what, "stop") == 0)
        self->stopping.answered = self->stopping.wanted;
}

static tl_fault
on_refused(const tl_refused *message, tl_error *err)
{
    char why[TL_TEXT_BYTES + 1];

    return tl_fail(err, TL_REFUSED, "the sink refuses this run: %s",
                   tl_view_copy(message->why, why, sizeof why));
}

static tl_fault
on_registered(upstream *self, const tl_registered *message, int64_t now_ms, tl_error *err)
{
    self->progress_ms = now_ms;
    return batches_answer(self->batches, message, self->ledger, now_ms, err);
}

static void
on_complete(upstream *self, const tl_complete *message)
{
    self->complete = *message;
    self->ending.answered = self->ending.wanted;
}

typedef union {
    tl_opened opened;
    tl_registered registered;
    tl_settled settled;
    tl_synced synced;
    tl_page page;
    tl_heard heard;
    tl_complete complete;
    tl_fenced fenced;
    tl_refused refused;
    uint8_t room[TL_MESSAGE_BYTES]; /* a peer may send any message */
} any_message;

static tl_fault
handle(upstream *self, const tl_schema *schema, const any_message *message,
       int64_t now_ms, tl_error *err)
{
    if (schema == &TL_SETTLED)
        on_settled(self, &message->settled);
    else if (schema == &TL_REGISTERED)
        return on_registered(self, &message->registered, now_ms, err);
    else if (schema == &TL_OPENED)
        return on_opened(self, &message->opened, now_ms, err);
    else if (schema == &TL_SYNCED)
        on_synced(self, &message->synced, now_ms);
    else if (schema == &TL_PAGE)
        return on_page(self, &message->page, now_ms, err);
    else if (schema == &TL_HEARD)
        on_heard(self, &message->heard);
    else if (schema == &TL_COMPLETE)
        on_complete(self, &message->complete);
    else if (schema == &TL_REFUSED_MESSAGE)
        return on_refused(&message->refused, err);
    else if (schema == &TL_FENCED && message->fenced.epoch > self->opened.epoch)
        return tl_fail(err, TL_REFUSED,
                       "another ventilator has taken over this run; this one leaves");
    return TL_OK;
}

tl_fault
upstream_receive(upstream *self, int64_t now_ms, tl_error *err)
{
    for (;;) {
        any_message message;
        TL_SCOPED(zframe_destroy)
        zframe_t *frame = tl_receive(self->socket, &self->refused);

        if (!frame)
            return TL_OK;
        const tl_schema *schema = tl_peek(zframe_data(frame), zframe_size(frame), err);
        tl_fault fault = schema ? tl_decode(schema, &message, zframe_data(frame),
                                            zframe_size(frame), err)
                                : err->fault;
        if (fault == TL_OK) {
            self->quiet_ms = -1;
            fault = handle(self, schema, &message, now_ms, err);
        }
        if (fault == TL_MALFORMED)
            tl_log(TL_LOG_WARNING, "run.bad-message", "%s", err->text);
        else if (fault != TL_OK)
            return fault;
    }
}
