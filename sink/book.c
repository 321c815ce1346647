#include "sink/book.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sink/answer.h"
#include "sink/pace.h"
#include "sink/scribe.h"
#include "sink/sweep.h"

enum {
    RETRY_MS = 1000, /* a record that cannot be written is tried again */
};

struct book {
    book_parts parts;
    scribe scribe;
    voice *voice;
    sweep sweep;
    int64_t now_ms;
    int64_t retry_ms;
    int64_t bye_ms;
    uint64_t refused; /* strangers not counted */
    tl_error trouble; /* with the record */
    tl_error problem; /* with a message */
    book_view view;
};

/* All messages of RUN; all but open begin with their epoch. */
typedef union {
    uint64_t epoch;
    tl_sync sync;
    tl_rulings rulings;
    tl_listed listed;
    tl_pending pending;
    tl_stop stop;
    tl_facts facts;
    tl_open open;
} run_message;

book *
book_new(const book_parts *parts, tl_error *err)
{
    book *self = calloc(1, sizeof *self);

    if (self) {
        self->parts = *parts;
        self->voice = voice_new(parts->send, parts->context);
    }
    if (!self || !self->voice) {
        (void) tl_fail(err, TL_NO_MEMORY, "starting the book");
        book_destroy(&self);
    } else if (scribe_start(&self->scribe, parts->record, parts->tally, self->voice,
                            err) != TL_OK) {
        book_destroy(&self);
    }
    return self;
}

void
book_destroy(book **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    scribe_end(&(*self_p)->scribe);
    voice_destroy(&(*self_p)->voice);
    free(*self_p);
    *self_p = NULL;
}

/* ---- trouble ---------------------------------------------------------------------- */

/* What came of writing: from here on the book is stalled, or no longer. */
static tl_fault
wrote(book *self, tl_fault fault, const tl_error *err)
{
    self->view.stalled = fault != TL_OK;
    if (fault != TL_OK) {
        self->trouble = *err;
        self->retry_ms = self->now_ms + RETRY_MS;
    }
    return fault;
}

static tl_fault
flush(book *self, bool registers)
{
    tl_error err;

    return wrote(self, scribe_write_group(&self->scribe, registers, &err), &err);
}

static bool
has_waiting(const book *self)
{
    return self->scribe.group->register_count + self->scribe.group->report_count > 0;
}

/* ---- open ------------------------------------------------------------------------- */

static void
fence(book *self, tl_text_view peer)
{
    const tl_fenced answer = {self->scribe.run.epoch};

    (void) voice_tell(self->voice, peer, &TL_FENCED, &answer);
}

/* The problem says why. */
static void
turn_away(book *self, tl_text_view peer)
{
    const tl_refused answer = {tl_view(self->problem.text)};

    self->refused++;
    (void) voice_tell(self->voice, peer, &TL_REFUSED_MESSAGE, &answer);
}

static void
start_session(book *self)
{
    self->view.state = BOOK_RUNNING;
    if (self->view.started_ms == 0)
        self->view.started_ms = self->now_ms;
}

static void
on_open(book *self, tl_text_view peer, const tl_open *open)
{
    const store *record = self->parts.record;
    store_run *run = &self->scribe.run;
    uint64_t epoch = 0;
    tl_error err;

    if (run->named && memcmp(run->name, open->name.at, TL_KEY_BYTES) != 0) {
        answer_other_run(&self->scribe, open, &self->problem);
        turn_away(self, peer);
        return;
    }
    tl_fault fault = record->epoch_of(record->self, open->instance, &epoch, &err);
    if (fault == TL_OK && epoch != 0 && epoch < run->epoch) {
        fence(self, peer);
        return;
    }
    if (fault == TL_OK && epoch == 0) {
        fault = scribe_write_open(&self->scribe, open, &err);
        self->sweep.fault = 0;
        self->view.stopped = false;
    }
    if (wrote(self, fault, &err) != TL_OK)
        return; /* the ventilator repeats open until it is answered */
    voice_turn(self->voice, peer);
    self->scribe.chain.deaf = false;
    start_session(self);
    answer_open(&self->scribe, open,
                (tl_opened){.report_port = self->parts.report_port,
                            .report_path = tl_view(self->parts.report_path)});
}

/* ---- the other messages ----------------------------------------------------------- */

static void
on_sync(book *self, const run_message *message)
{
    chain_sync(&self->scribe.chain, message->sync.from);
}

static void
on_rulings(book *self, const run_message *message)
{
    tl_list rest = message->rulings.rulings;

    if (group_reports_full(self->scribe.group) && flush(self, false) != TL_OK)
        return; /* it will rule again */
    for (tl_ruling ruling; tl_list_next(&rest, &TL_RULING, &ruling);) {
        bool speakable = ruling.verdict == TL_FAILED || ruling.verdict == TL_LOST ||
                         ruling.verdict == TL_SKIPPED || ruling.verdict == TL_CANCELLED;

        if (speakable && tl_fault_ends_link(ruling.fault)) {
            group_add_ruling(self->scribe.group, &ruling, self->now_ms);
            continue;
        }
        self->refused++;
        (void) tl_fail(&self->problem, TL_MALFORMED, "a ruling with verdict %u, fault %u",
                       (unsigned) ruling.verdict, (unsigned) ruling.fault);
    }
}

static void
on_listed(book *self, const run_message *message)
{
    const store_run *run = &self->scribe.run;

    if (run->listed == run->epoch)
        answer_heard(&self->scribe, "listed");
    else if (self->sweep.fault == 0 && !self->view.stopped)
        self->sweep = sweep_listed(&message->listed);
}

static void
on_stop(book *self, const run_message *message)
{
    if (!self->view.stopped || self->sweep.fault == 0)
        self->sweep = sweep_stop(&message->stop);
    self->view.stopped = true;
}

static void
on_pending(book *self, const run_message *message)
{
    tl_error err;

    (void) wrote(self, answer_page(&self->scribe, &message->pending, &err), &err);
}

static void
on_end(book *self, const run_message *message)
{
    (void) message;
    if (self->sweep.fault != 0)
        return; /* it will ask again, and by then they have been cancelled */
    if (answer_pending(self->parts.tally) == 0 && self->view.state == BOOK_RUNNING) {
        self->view.state = BOOK_COMPLETE;
        self->view.complete_ms = self->now_ms;
        self->bye_ms = self->now_ms + TL_BYE_MS;
    }
    answer_end(&self->scribe);
}

static void
on_bye(book *self, const run_message *message)
{
    (void) message;
    if (self->view.state == BOOK_COMPLETE)
        self->view.state = BOOK_OVER;
}

static void
on_facts(book *self, const run_message *message)
{
    self->view.read_bytes = message->facts.read_bytes;
    self->view.total_bytes = message->facts.total_bytes;
    self->view.workers = message->facts.workers.count;
}

typedef struct {
    const tl_schema *schema;
    bool last; /* what came before it must be on disk before it is answered */
    void (*on)(book *self, const run_message *message);
} handler;

static const handler handlers[] = {
    {&TL_RULINGS, false, on_rulings}, {&TL_SYNC, false, on_sync},
    {&TL_LISTED, true, on_listed},    {&TL_PENDING_REQUEST, true, on_pending},
    {&TL_STOP, true, on_stop},        {&TL_END, true, on_end},
    {&TL_BYE, true, on_bye},          {&TL_FACTS, false, on_facts},
};

/* ---- frames in -------------------------------------------------------------------- */

/* Is it the ventilator that has the run? Otherwise it is told to leave. */
static bool
is_current(book *self, tl_text_view peer, uint64_t epoch)
{
    if (epoch == self->scribe.run.epoch) {
        voice_turn(self->voice, peer);
        self->scribe.chain.deaf = false;
        if (self->view.state == BOOK_WAITING)
            start_session(self); /* it was here before we were restarted */
        return true;
    }
    if (epoch < self->scribe.run.epoch) {
        fence(self, peer);
        return false;
    }
    (void) tl_fail(
        &self->problem, TL_REFUSED,
        "the record has never seen epoch %llu of this run: it is another record "
        "or an older copy; start the ventilator again",
        (unsigned long long) epoch);
    turn_away(self, peer);
    return false;
}

/* Registers stay with the group in their frames, so they have a way of their own. */
static tl_fault
on_register(book *self, tl_text_view peer, const void *bytes, size_t size, tl_error *err)
{
    group *waiting = self->scribe.group;
    tl_register message;

    if (group_read_register(waiting, &message, bytes, size, err) != TL_OK)
        return err->fault;
    /* One that was said before a stop has been overtaken by it. */
    if (is_current(self, peer, message.epoch) && !self->view.stopped)
        group_keep_register(waiting, &message, size, self->now_ms);
    return TL_OK;
}

static const handler *
find_handler(const tl_schema *schema)
{
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++)
        if (handlers[i].schema == schema)
            return &handlers[i];
    return NULL;
}

/* Before some messages are answered, what came before them must be on disk. */
static bool
is_caught_up(book *self)
{
    return !has_waiting(self) || flush(self, true) == TL_OK;
}

static tl_fault
dispatch(book *self, tl_text_view peer, const tl_schema *schema, const void *bytes,
         size_t size)
{
    const handler *row = find_handler(schema);
    tl_error *err = &self->problem;
    run_message message;

    if (schema == &TL_REGISTER)
        return on_register(self, peer, bytes, size, err);
    if (!row && schema != &TL_OPEN)
        return tl_fail(err, TL_MALFORMED, "%s does not belong on RUN", schema->name);
    if (tl_decode(schema, &message, bytes, size, err) != TL_OK)
        return err->fault;
    if (row && !is_current(self, peer, message.epoch))
        return TL_OK;
    if ((!row || row->last) && !is_caught_up(self))
        return TL_OK; /* it will be said again */
    if (row)
        row->on(self, &message);
    else
        on_open(self, peer, &message.open);
    return TL_OK;
}

void
book_on_run(book *self, tl_text_view peer, const void *bytes, size_t size, int64_t now_ms)
{
    assert(book_takes_run(self));
    const tl_schema *schema = tl_peek(bytes, size, &self->problem);

    self->now_ms = now_ms;
    if (!schema && self->problem.fault == TL_VERSION)
        turn_away(self, peer);
    else if (!schema || dispatch(self, peer, schema, bytes, size) != TL_OK)
        self->refused++;
}

void
book_on_report(book *self, const void *bytes, size_t size, int64_t now_ms)
{
    assert(book_takes_reports(self));
    self->now_ms = now_ms;
    if (group_add_report(self->scribe.group, bytes, size, now_ms, &self->problem) !=
        TL_OK)
        self->refused++;
}

bool
book_takes_run(const book *self)
{
    return !self->view.stalled && !group_registers_full(self->scribe.group);
}

bool
book_takes_reports(const book *self)
{
    return !self->view.stalled && !group_reports_full(self->scribe.group);
}

/* ---- time ------------------------------------------------------------------------- */

static int64_t
registers_due(const book *self)
{
    return pace_registers(self->scribe.group, answer_pending(self->parts.tally),
                          self->now_ms);
}

static int64_t
reports_due(const book *self)
{
    return pace_reports(self->scribe.group, answer_pending(self->parts.tally),
                        self->now_ms);
}

static void
commit_what_is_due(book *self)
{
    bool registers = registers_due(self) <= self->now_ms;

    if (self->view.stalled)
        (void) flush(self,
                     true); /* if nothing waits it shows whether writing works again */
    else if (registers || reports_due(self) <= self->now_ms)
        (void) flush(self, registers);
}

static void
go_on(book *self)
{
    tl_error err;

    if (!self->view.stalled && self->sweep.fault != 0)
        (void) wrote(self, sweep_go_on(&self->sweep, &self->scribe, &err), &err);
    if (!self->view.stalled && chain_is_behind(&self->scribe.chain))
        (void) wrote(self, chain_tell(&self->scribe.chain, self->scribe.run.epoch, &err),
                     &err);
}

static int64_t
next_due(const book *self)
{
    int64_t registers = registers_due(self);
    int64_t reports = reports_due(self);
    int64_t due = registers < reports ? registers : reports;

    if (self->view.stalled)
        return self->retry_ms;
    if (self->sweep.fault != 0 || chain_is_behind(&self->scribe.chain))
        return self->now_ms;
    if (self->view.state == BOOK_COMPLETE && self->bye_ms < due)
        due = self->bye_ms;
    return due;
}

tl_fault
book_tick(book *self, int64_t now_ms, int64_t *wait_ms, tl_error *err)
{
    self->now_ms = now_ms;
    if (!self->view.stalled || now_ms >= self->retry_ms) {
        commit_what_is_due(self);
        go_on(self);
    }
    if (self->view.stalled && self->trouble.fault == TL_RECORD) {
        *err = self->trouble;
        return err->fault;
    }
    if (self->view.state == BOOK_COMPLETE && now_ms >= self->bye_ms)
        self->view.state = BOOK_OVER;
    int64_t due = next_due(self);
    *wait_ms = due == INT64_MAX ? -1 : due > now_ms ? due - now_ms : 0;

    self->view.epoch = self->scribe.run.epoch;
    self->view.title = self->scribe.run.title;
    self->view.listed =
        self->view.epoch > 0 && self->scribe.run.listed == self->view.epoch;
    self->view.why = self->trouble.text;
    self->view.refused = self->refused + self->scribe.strangers;
    self->view.problem =
        self->refused > 0 ? self->problem.text : "a report of an unknown link";
    return TL_OK;
}

tl_fault
book_flush(book *self, int64_t now_ms, tl_error *err)
{
    self->now_ms = now_ms;
    return has_waiting(self) ? scribe_write_group(&self->scribe, true, err) : TL_OK;
}

const book_view *
book_look(const book *self)
{
    return &self->view;
}

int
book_exit_code(const book *self)
{
    const tally *counts = self->parts.tally;
    bool over = self->view.state == BOOK_COMPLETE || self->view.state == BOOK_OVER;

    if (!over || answer_cut_short(counts) > 0 ||
        (self->view.stopped && !self->view.listed))
        return TL_EXIT_CUT_SHORT;
    return tally_count(counts, TL_FAILED) + tally_count(counts, TL_LOST) > 0
               ? TL_EXIT_SOME_FAILED
               : TL_EXIT_DONE;
}
