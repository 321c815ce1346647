#include "ventilator/upstream.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "ventilator/upstream_state.h"

enum { SLOW_SINK_MS = 5000 /* at work on large batches it is slow, not deaf */ };

void
upstream_destroy(upstream **self_p)
{
    assert(self_p);
    upstream *self = *self_p;

    if (!self)
        return;
    tl_monitor_destroy(&self->monitor, self->socket);
    zsock_destroy(&self->socket);
    batches_destroy(&self->batches);
    tl_buf_destroy(&self->frame);
    tl_buf_destroy(&self->rulings);
    tl_buf_destroy(&self->open_options);
    free(self);
    *self_p = NULL;
}

static tl_fault
prepare_open(upstream *self, const upstream_settings *settings, tl_error *err)
{
    const char *name = NULL;
    const char *value = NULL;
    size_t count = 0;

    for (; tl_options_run_at(settings->options, count, &name, &value); count++) {
        tl_run_option option = {tl_view(name), tl_view(value)};

        if (tl_list_add(self->open_options, &TL_RUN_OPTION, &option, err) != TL_OK)
            return tl_within(err, "--%s", name);
    }
    memcpy(self->name, settings->name, sizeof self->name);
    (void) tl_view_copy(tl_view(settings->title), self->title, sizeof self->title);
    self->open = (tl_open){
        .name = {(const char *) self->name, sizeof self->name},
        .title = tl_view(self->title),
        .release = tl_view(tl_release()),
        .instance = settings->instance,
        .options = tl_list_of(self->open_options, count),
    };
    return TL_OK;
}

static void
ask(request *it)
{
    it->wanted = true;
    it->answered = false;
    it->said_ms = -1;
}

upstream *
upstream_new(const upstream_settings *settings, ledger *into, tl_error *err)
{
    TL_SCOPED(upstream_destroy) upstream *self = calloc(1, sizeof *self);

    if (self) {
        self->ledger = into;
        self->frame = tl_buf_new(TL_FRAME_BYTES);
        self->batches = batches_new();
        self->rulings = tl_buf_new(TL_BATCH_BYTES);
        self->open_options = tl_buf_new(TL_BATCH_BYTES);
    }
    if (!self || !self->frame || !self->batches || !self->rulings ||
        !self->open_options) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for the conversation with the sink");
        return NULL;
    }
    if (prepare_open(self, settings, err) != TL_OK)
        return NULL;
    ask(&self->opening);
    self->quiet_ms = -1;
    self->socket = tl_socket_connect_watched(TL_RUN_DEALER, settings->endpoint,
                                             settings->insecure, &self->monitor, err);
    return self->socket ? TL_GIVE(self) : NULL;
}

zsock_t *
upstream_socket(const upstream *self)
{
    return self->socket;
}

const tl_opened *
upstream_opened(const upstream *self)
{
    return self->ever_opened ? &self->opened : NULL;
}

bool
upstream_is_opened(upstream *self)
{
    bool news = self->news;

    self->news = false;
    return news;
}

int64_t
upstream_silence(const upstream *self, int64_t now_ms)
{
    if (self->away_ms > 0)
        return now_ms - self->away_ms;
    /* One that is connected and busy may take its time, but not for ever. */
    bool deaf = self->quiet_ms >= 0 && now_ms - self->quiet_ms >= SLOW_SINK_MS;
    return deaf ? now_ms - self->quiet_ms : 0;
}

/* ---- saying ----------------------------------------------------------------------- */

/* What cannot go now is repeated later, so an absent sink is no error here. */
static tl_fault
say(upstream *self, const tl_schema *schema, const void *message, tl_error *err)
{
    tl_buf_clear(self->frame);
    if (tl_encode(schema, message, self->frame, err) != TL_OK)
        return err->fault;
    (void) tl_send(self->socket, tl_buf_bytes(self->frame), tl_buf_size(self->frame));
    return TL_OK;
}

static void
say_batch(upstream *self, const batch *each)
{
    (void) tl_send(self->socket, tl_buf_bytes(batch_frame(each)),
                   tl_buf_size(batch_frame(each)));
}

void
upstream_repeat(upstream *self)
{
    request *const questions[] = {&self->sync, &self->listing, &self->paging,
                                  &self->stopping, &self->ending};

    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
        questions[i]->said_ms = -1;
    /* After a stop batches would only bring links that nobody works on. */
    if (self->stopping.wanted)
        return;
    for (const batch *each = batches_next(self->batches, NULL); each;
         each = batches_next(self->batches, each))
        say_batch(self, each);
}

static bool
is_open_question(const request *it)
{
    return it->wanted && !it->answered;
}

/* True when it is time to say it (again), which is then taken as said. */
static bool
is_due(request *it, int64_t now_ms)
{
    bool due =
        is_open_question(it) && (it->said_ms < 0 || now_ms - it->said_ms >= TL_REPEAT_MS);

    if (due)
        it->said_ms = now_ms;
    return due;
}

/* A new connection: the sink may be another process than before. The run is opened anew
 * (the same instance, so the same epoch), then everything unanswered is said again. */
static void
watch(upstream *self, int64_t now_ms)
{
    for (tl_peer_event event = tl_monitor_next(self->monitor); event != TL_PEER_NOTHING;
         event = tl_monitor_next(self->monitor)) {
        if (event == TL_PEER_READY)
            ask(&self->opening);
        if (event == TL_PEER_GONE && self->away_ms < 0)
            self->away_ms = now_ms;
    }
}

static tl_fault
say_requests(upstream *self, int64_t now_ms, tl_error *err)
{
    uint64_t epoch = self->opened.epoch;
    tl_fault fault = TL_OK;

    if (fault == TL_OK && is_due(&self->sync, now_ms))
        fault = say(self, &TL_SYNC, &(tl_sync){epoch, self->chain}, err);
    /* The sink cancels what it was not told of by then, so everything has to be there. */
    if (fault == TL_OK && batches_links(self->batches) == 0 &&
        is_due(&self->listing, now_ms)) {
        self->listed.epoch = epoch;
        fault = say(self, &TL_LISTED, &self->listed, err);
    }
    if (fault == TL_OK && is_due(&self->paging, now_ms))
        fault = say(self, &TL_PENDING_REQUEST,
                    &(tl_pending){epoch, self->page_after, TL_BATCH_LINKS}, err);
    if (fault == TL_OK && is_due(&self->stopping, now_ms))
        fault = say(self, &TL_STOP, &(tl_stop){epoch, self->stop_fault}, err);
    if (fault == TL_OK && is_due(&self->ending, now_ms))
        fault = say(self, &TL_END, &(tl_end){epoch}, err);
    return fault;
}

static tl_fault
say_rulings(upstream *self, tl_error *err)
{
    tl_rulings message = {self->opened.epoch,
                          tl_list_of(self->rulings, self->ruling_count)};

    if (self->ruling_count == 0)
        return TL_OK;
    tl_fault fault = say(self, &TL_RULINGS, &message, err);
    tl_buf_clear(self->rulings);
    self->ruling_count = 0;
    return fault;
}

/* Several batches are on their way at once; when none is answered any more, the oldest
 * one may have been lost. */
static void
repeat_oldest_batch(upstream *self, int64_t now_ms)
{
    const batch *oldest = batches_next(self->batches, NULL);

    if (!oldest || self->stopping.wanted || now_ms - self->progress_ms < SLOW_SINK_MS)
        return;
    self->progress_ms = now_ms;
    say_batch(self, oldest);
}

static void
note_quiet(upstream *self, int64_t now_ms)
{
    bool asking = is_open_question(&self->sync) || is_open_question(&self->listing) ||
                  is_open_question(&self->paging) || is_open_question(&self->stopping) ||
                  is_open_question(&self->ending) || batches_links(self->batches) > 0;

    if (!asking)
        self->quiet_ms = -1;
    else if (self->quiet_ms < 0)
        self->quiet_ms = now_ms;
}

tl_fault
upstream_tick(upstream *self, int64_t now_ms, tl_error *err)
{
    if (self->away_ms == 0)
        self->away_ms = now_ms; /* the clock starts with the first look at it */
    watch(self, now_ms);
    if (is_due(&self->opening, now_ms))
        return say(self, &TL_OPEN, &self->open, err);
    if (!self->opening.answered)
        return TL_OK;
    note_quiet(self, now_ms);
    repeat_oldest_batch(self, now_ms);
    tl_fault fault = say_rulings(self, err);
    return fault == TL_OK ? say_requests(self, now_ms, err) : fault;
}

tl_fault
upstream_flush(upstream *self, tl_error *err)
{
    if (batches_filling(self->batches) == 0)
        return TL_OK;
    const batch *closed = batches_close(self->batches, self->opened.epoch, err);
    if (!closed)
        return err->fault;
    say_batch(self, closed);
    return TL_OK;
}

tl_fault
upstream_register(upstream *self, const source_link *link, tl_error *err)
{
    if (!batches_has_room(self->batches, link) && upstream_flush(self, err) != TL_OK)
        return err->fault;
    return batches_add(self->batches, link, err);
}

size_t
upstream_unanswered(const upstream *self)
{
    return batches_links(self->batches);
}

size_t
upstream_unanswered_bytes(const upstream *self)
{
    return batches_bytes(self->batches);
}

tl_fault
upstream_rule(upstream *self, const ledger_action *action, tl_error *err)
{
    tl_ruling ruling = {action->id, action->verdict, action->fault, action->attempt,
                        action->http};

    if (tl_list_add(self->rulings, &TL_RULING, &ruling, err) != TL_OK)
        return err->fault;
    self->ruling_count++;
    return self->ruling_count == TL_COMMIT_REPORTS ? say_rulings(self, err) : TL_OK;
}

void
upstream_sync(upstream *self)
{
    ask(&self->sync);
}

void
upstream_listed(upstream *self, uint64_t lines, bool keep)
{
    self->listed = (tl_listed){.lines = lines, .keep = keep};
    ask(&self->listing);
    if (keep)
        upstream_restore(self);
}

void
upstream_restore(upstream *self)
{
    self->pages_left = true;
    self->page_after = 0;
}

void
upstream_page(upstream *self)
{
    if (self->pages_left && (!self->paging.wanted || self->paging.answered))
        ask(&self->paging);
}

bool
upstream_is_listed(const upstream *self)
{
    return self->listing.answered && !self->pages_left;
}

void
upstream_stop(upstream *self, tl_fault fault)
{
    self->stop_fault = fault;
    ask(&self->stopping);
}

bool
upstream_is_stopped(const upstream *self)
{
    return self->stopping.answered;
}

void
upstream_end(upstream *self)
{
    if (!self->ending.wanted || self->ending.answered)
        ask(&self->ending);
}

const tl_complete *
upstream_complete(const upstream *self)
{
    return self->ending.answered ? &self->complete : NULL;
}

void
upstream_bye(upstream *self)
{
    tl_error err = {0};

    /* The sink waits for it only for a while, so one that is lost is no harm. */
    (void) say(self, &TL_BYE, &(tl_bye){self->opened.epoch}, &err);
}

void
upstream_facts(upstream *self, tl_facts *facts)
{
    tl_error err = {0};

    facts->epoch = self->opened.epoch;
    if (self->opening.answered)
        (void) say(self, &TL_FACTS, facts, &err); /* displays do without it */
}
