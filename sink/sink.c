#include "sink/sink.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/clock.h"
#include "proto/limits.h"
#include "proto/log.h"
#include "proto/scope.h"
#include "proto/socket.h"
#include "sink/book.h"
#include "sink/record.h"
#include "sink/summary.h"
#include "sink/terminal.h"

enum {
    ROUND_MESSAGES = 1024, /* of one socket before the others get their turn */
    COMPLAIN_MS = 10000,   /* between two lines about messages that were refused */
    ORPHAN_MS = 15000,     /* after the launcher's death the ventilator ends the run */
    REST_MS = 4, /* reports wait for the commit anyway: fetch them by the dozen */
};

struct sink {
    zsock_t *run;
    zsock_t *reports;
    record *record;
    tally *tally;
    book *book;
    terminal *terminal;
    tl_interrupt *interrupt;
    const char *file;               /* of the record */
    char report[TL_ENDPOINT_BYTES]; /* where workers report */
    book_view seen;                 /* what has been logged of the book */
    uint64_t multipart;
    uint64_t done_before; /* links that were done when we started */
    int64_t complain_ms;
    int64_t orphan_ms; /* when to give up; 0: the launcher lives, or there is none */
    int64_t now_ms;
    int stopped; /* the signal */
};

static bool
send_frame(void *context, tl_text_view peer, const void *frame, size_t size)
{
    sink *self = context;
    TL_SCOPED(zframe_destroy) zframe_t *to = zframe_new(peer.at, peer.size);

    return to && tl_router_send(self->run, to, frame, size);
}

/* ---- start ------------------------------------------------------------------------ */

static tl_fault
open_record(sink *self, const char *file, tl_error *err)
{
    if (*file == '\0')
        return tl_fail(err, TL_USAGE,
                       "--record is missing: in which file is the run to be "
                       "recorded?");
    self->file = file;
    self->tally = tally_new();
    if (!self->tally)
        return tl_fail(err, TL_NO_MEMORY, "starting");
    self->record = record_open(file, err);
    if (!self->record)
        return err->fault;
    if (record_count(self->record, self->tally, err) != TL_OK) {
        err->fault = TL_RECORD;
        return tl_within(err, "reading the record %s", file);
    }
    self->done_before = tally_count(self->tally, TL_DONE);
    return TL_OK;
}

static tl_fault
start(sink *self, const tl_options *options, tl_error *err)
{
    bool insecure = tl_flag(options, TL_OPT_INSECURE);
    char run[TL_ENDPOINT_BYTES];

    if (tl_words(options) > 0)
        return tl_fail(err, TL_USAGE, "'%s' is not an option; links go to the ventilator",
                       tl_word(options, 0));
    if (open_record(self, tl_text(options, TL_OPT_RECORD), err) != TL_OK)
        return err->fault;
    self->reports = tl_socket_bind(TL_REPORT_PULL, tl_text(options, TL_OPT_REPORT),
                                   insecure, self->report, err);
    if (!self->reports)
        return err->fault;
    self->run =
        tl_socket_bind(TL_RUN_ROUTER, tl_text(options, TL_OPT_RUN), insecure, run, err);
    if (!self->run)
        return err->fault;

    bool ipc = tl_endpoint_is_ipc(self->report);
    const book_parts parts = {
        .record = record_store(self->record),
        .tally = self->tally,
        .send = send_frame,
        .context = self,
        .report_port = tl_endpoint_port(self->report),
        .report_path = ipc ? strchr(self->report, '/') + 2 : "",
    };
    self->book = book_new(&parts, err);
    self->terminal = terminal_new(tl_flag(options, TL_OPT_QUIET));
    if (!self->book || !self->terminal)
        return self->book ? tl_fail(err, TL_NO_MEMORY, "starting") : err->fault;
    tl_log(TL_LOG_NOTE, "sink.ready",
           "run=%s report=%s record=%s links=%llu pending=%llu", run, self->report,
           self->file, (unsigned long long) tally_links(self->tally),
           (unsigned long long) tally_count(self->tally, TL_PENDING));
    return TL_OK;
}

sink *
sink_new(const tl_options *options, tl_interrupt *interrupt, tl_error *err)
{
    sink *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "starting");
        return NULL;
    }
    self->interrupt = interrupt;
    /* Past a file size limit writing fails like on a full disk, and we can wait. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void) sigaction(SIGXFSZ, &ignore, NULL);
    if (start(self, options, err) != TL_OK)
        sink_destroy(&self);
    return self;
}

void
sink_destroy(sink **self_p)
{
    assert(self_p);
    sink *self = *self_p;
    if (!self)
        return;
    terminal_destroy(&self->terminal);
    book_destroy(&self->book);
    zsock_destroy(&self->run); /* lingers until what was said last has left */
    zsock_destroy(&self->reports);
    record_close(&self->record);
    tally_destroy(&self->tally);
    free(self);
    *self_p = NULL;
}

/* ---- what is logged --------------------------------------------------------------- */

static void
log_session(sink *self, const book_view *now)
{
    unsigned long long links = tally_links(self->tally);
    unsigned long long pending = tally_count(self->tally, TL_PENDING);

    if (now->epoch != self->seen.epoch || now->state > self->seen.state)
        terminal_clear(self->terminal);
    if (now->state != BOOK_WAITING &&
        (now->epoch != self->seen.epoch || self->seen.state == BOOK_WAITING))
        tl_log(TL_LOG_NOTE, "run.opened", "epoch=%llu links=%llu pending=%llu %s",
               (unsigned long long) now->epoch, links, pending, now->title);
    if (now->state == BOOK_COMPLETE && self->seen.state < BOOK_COMPLETE)
        tl_log(TL_LOG_NOTE, "run.complete", "links=%llu", links);
}

static void
log_stall(sink *self, const book_view *now)
{
    if (now->stalled == self->seen.stalled)
        return;
    terminal_clear(self->terminal);
    if (now->stalled)
        tl_log(TL_LOG_ERROR, "record.stalled",
               "cannot write %s: %s. Nothing is lost: make room or mend it, and the run "
               "goes on by itself",
               self->file, now->why);
    else
        tl_log(TL_LOG_NOTE, "record.writable", "writing %s works again", self->file);
}

static void
log_refused(sink *self, const book_view *now)
{
    if (now->refused == self->seen.refused || self->now_ms < self->complain_ms)
        return;
    terminal_clear(self->terminal);
    tl_log(TL_LOG_WARNING, "sink.refused", "count=%llu the last one: %s",
           (unsigned long long) (now->refused - self->seen.refused), now->problem);
    self->seen.refused = now->refused;
    self->complain_ms = self->now_ms + COMPLAIN_MS;
}

static void
log_changes(sink *self)
{
    const book_view *now = book_look(self->book);
    uint64_t refused = 0;

    log_session(self, now);
    log_stall(self, now);
    log_refused(self, now);
    refused = self->seen.refused;
    self->seen = *now;
    self->seen.refused = refused;
}

/* ---- the loop --------------------------------------------------------------------- */

static void
on_run(sink *self)
{
    for (int i = 0; i < ROUND_MESSAGES && book_takes_run(self->book); i++) {
        TL_SCOPED(zframe_destroy) zframe_t *peer = NULL;
        TL_SCOPED(zframe_destroy)
        zframe_t *frame = tl_router_receive(self->run, &peer, &self->multipart);

        if (!frame)
            return;
        const tl_text_view from = {(const char *) zframe_data(peer), zframe_size(peer)};
        book_on_run(self->book, from, zframe_data(frame), zframe_size(frame),
                    self->now_ms);
    }
}

static bool
on_reports(sink *self)
{
    int i = 0;

    for (; i < ROUND_MESSAGES && book_takes_reports(self->book); i++) {
        TL_SCOPED(zframe_destroy)
        zframe_t *frame = tl_receive(self->reports, &self->multipart);

        if (!frame)
            break;
        book_on_report(self->book, zframe_data(frame), zframe_size(frame), self->now_ms);
    }
    return i > 0;
}

static void
on_interrupt(sink *self)
{
    int what = tl_interrupt_next(self->interrupt);

    if (what == SIGHUP) {
        tl_log(TL_LOG_WARNING, "sink.orphaned",
               "thumbline run has died; waiting for the ventilator to end the run");
        self->orphan_ms = self->now_ms + ORPHAN_MS;
    } else if (what != 0) {
        self->stopped = what;
    }
}

static int64_t
sooner(int64_t a, int64_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* Sleep until something comes or is due. While reports rest in their socket nobody wakes
 * us for each of them. */
static void
wait_for_more(sink *self, int64_t wait_ms, bool rest)
{
    bool reports = book_takes_reports(self->book) && !rest;
    zmq_pollitem_t items[] = {
        {.fd = self->interrupt->signals, .events = ZMQ_POLLIN},
        {.fd = self->interrupt->lifeline, .events = ZMQ_POLLIN},
        {.socket = zsock_resolve(self->run),
         .events = book_takes_run(self->book) ? ZMQ_POLLIN : 0},
        {.socket = zsock_resolve(self->reports), .events = reports ? ZMQ_POLLIN : 0},
    };
    /* Without a lifeline the second item is left out. */
    bool lifeline = self->interrupt->lifeline != -1;

    if (!lifeline)
        items[1] = items[0];
    if (rest)
        wait_ms = sooner(wait_ms, REST_MS);
    (void) zmq_poll(items, (int) (sizeof items / sizeof items[0]), (long) wait_ms);
    self->now_ms = tl_now_ms();
}

static bool
is_over(const sink *self)
{
    return self->stopped != 0 || book_look(self->book)->state == BOOK_OVER ||
           (self->orphan_ms != 0 && self->now_ms >= self->orphan_ms);
}

static tl_fault
turn(sink *self, tl_error *err)
{
    int64_t wait_ms = 0;

    on_interrupt(self);
    on_run(self);
    bool busy = on_reports(self);
    if (book_tick(self->book, self->now_ms, &wait_ms, err) != TL_OK)
        return tl_within(err, "the record %s", self->file);
    log_changes(self);
    int64_t show_ms =
        terminal_show(self->terminal, book_look(self->book), self->tally, self->now_ms);
    int64_t orphan_ms = self->orphan_ms != 0 ? self->orphan_ms - self->now_ms : -1;
    if (!is_over(self))
        wait_for_more(self, sooner(sooner(wait_ms, show_ms), orphan_ms), busy);
    return TL_OK;
}

/* ---- the end ---------------------------------------------------------------------- */

static void
leave(sink *self)
{
    tl_error err;
    const book_view *view = book_look(self->book);

    terminal_clear(self->terminal);
    if (view->state == BOOK_OVER)
        return;
    /* What has arrived is as good as done; what is still in sockets is reported again. */
    if (book_flush(self->book, self->now_ms, &err) != TL_OK)
        tl_log(TL_LOG_WARNING, "record.left-behind",
               "the last reports could not be written (%s); they will be made again",
               err.text);
    tl_log(TL_LOG_NOTE, "sink.stopped",
           "what has arrived is in %s: start the sink again with this --record to go on",
           self->file);
}

tl_fault
sink_run(sink *self, int *code, tl_error *err)
{
    self->now_ms = tl_now_ms();
    tl_log(TL_LOG_NOTE, "run.waiting", "for a ventilator");
    while (!is_over(self))
        if (turn(self, err) != TL_OK)
            return err->fault;
    leave(self);

    const book_view *view = book_look(self->book);
    int64_t end_ms = view->complete_ms != 0 ? view->complete_ms : self->now_ms;
    if (view->state != BOOK_WAITING && self->stopped != SIGTERM)
        summary_print(stdout, self->tally, end_ms - view->started_ms, self->done_before);
    *code = book_exit_code(self->book);
    return TL_OK;
}
