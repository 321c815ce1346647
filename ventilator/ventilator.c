#include "ventilator/ventilator.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "proto/clock.h"
#include "proto/log.h"
#include "proto/scope.h"
#include "ventilator/fleet.h"
#include "ventilator/identity.h"
#include "ventilator/source.h"
#include "ventilator/upstream.h"

enum {
    TICK_MS = 100,
    TURN_ACTIONS = 2000, /* of the ledger in one turn, so that nobody waits for long */
    TURN_LINKS = 4096,   /* read from the source in one turn */
    PATIENCE_MS = 2000,  /* before a line says what is waited for */
    CUT_MS = 10000,      /* for a sink to hear of a cancelled run, beyond the grace */
};

/* How far the run is. A cut run goes on with STOPPING when its grace is over. */
typedef enum { OPENING, RUNNING, CANCELLING, STOPPING, ENDING, ENDED } phase;

struct ventilator {
    const tl_options *options;
    tl_interrupt *interrupt;
    source *source;
    ledger *ledger;
    fleet *fleet;
    upstream *upstream;
    tl_buf *facts;
    phase phase;
    bool source_waits; /* a pipe has nothing at the moment */
    bool source_ended;
    bool filling;    /* between the low and the high mark of links ahead */
    bool more_to_do; /* this turn did not do everything */
    bool told_waiting;
    tl_fault cut; /* RUN_CANCELLED or RUN_TIMEOUT; TL_OK if the run is not cut */
    bool hang_up; /* leave at once */
    int64_t start_ms;
    int64_t listen_until_ms; /* adopt what workers hold before sending anything */
    int64_t cut_ms;
    int64_t tick_ms;
    int64_t facts_ms;
};

void
ventilator_destroy(ventilator **self_p)
{
    assert(self_p);
    ventilator *self = *self_p;

    if (!self)
        return;
    source_destroy(&self->source);
    fleet_destroy(&self->fleet);
    upstream_destroy(&self->upstream);
    ledger_destroy(&self->ledger);
    tl_buf_destroy(&self->facts);
    free(self);
    *self_p = NULL;
}

/* ---- making one ------------------------------------------------------------------- */

static uint64_t
random_number(void)
{
    uint64_t number = 0;

    /* 8 bytes are never cut short once the kernel's pool is ready. */
    while (getrandom(&number, sizeof number, 0) != (ssize_t) sizeof number) {
    }
    return (number >> 1) | 1; /* 1..INT64_MAX, as messages want it */
}

static tl_fault
open_sockets(ventilator *self, const identity *who, tl_error *err)
{
    const tl_options *options = self->options;
    fleet_settings downstream = {
        .control = tl_text(options, TL_OPT_CONTROL),
        .lanes = tl_text(options, TL_OPT_LANES),
        .sink = tl_text(options, TL_OPT_SINK),
        .report_address = tl_text(options, TL_OPT_REPORT_ADDRESS),
        .insecure = tl_flag(options, TL_OPT_INSECURE),
        .options = options,
    };
    upstream_settings up = {
        .endpoint = downstream.sink,
        .insecure = downstream.insecure,
        .title = who->title,
        .options = options,
        .instance = random_number(),
    };

    memcpy(up.name, who->name, sizeof up.name);
    self->fleet = fleet_new(&downstream, self->ledger, err);
    if (!self->fleet)
        return err->fault;
    self->upstream = upstream_new(&up, self->ledger, err);
    return self->upstream ? TL_OK : tl_within(err, "--sink");
}

ventilator *
ventilator_new(const tl_options *options, tl_interrupt *interrupt, tl_error *err)
{
    identity who;
    ledger_settings settings = {
        .tries = (uint32_t) tl_number(options, TL_OPT_TRIES),
        .life_ms = (int64_t) tl_number(options, TL_OPT_LINK_LIFE),
        .seed = random_number(),
    };
    TL_SCOPED(ventilator_destroy) ventilator *self = calloc(1, sizeof *self);

    if (self) {
        self->options = options;
        self->interrupt = interrupt;
        self->filling = true;
        self->ledger = ledger_new(&settings);
        self->facts = tl_buf_new(TL_BATCH_BYTES);
    }
    if (!self || !self->ledger || !self->facts) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory to start with");
        return NULL;
    }
    if (tl_words(options) == 0) {
        (void) tl_fail(err, TL_USAGE,
                       "nothing to do: name a list of links, '-' for standard input, or "
                       "links; see --help");
        return NULL;
    }
    if (identity_of(options, &who, err) != TL_OK)
        return NULL;
    self->source = source_new(tl_word_list(options), tl_words(options), who.run, err);
    if (!self->source || open_sockets(self, &who, err) != TL_OK)
        return NULL;
    return TL_GIVE(self);
}

/* ---- reading ahead ---------------------------------------------------------------- */

/* Read on when the links ahead have sunk to half, up to the bound: bursts let the sink
 * insert large sorted batches, which is what makes registering cheap. */
static bool
may_read(ventilator *self)
{
    ledger_state state = ledger_now(self->ledger);
    size_t links = state.links + upstream_unanswered(self->upstream);
    size_t bytes = state.bytes + upstream_unanswered_bytes(self->upstream);

    if (links >= TL_AHEAD_LINKS || bytes >= TL_AHEAD_BYTES)
        self->filling = false;
    else if (links <= TL_AHEAD_LINKS / 2 && bytes <= TL_AHEAD_BYTES / 2)
        self->filling = true;
    return self->filling && !self->source_ended && self->phase == RUNNING;
}

static tl_fault
on_source_end(ventilator *self, tl_error *err)
{
    self->source_ended = true;
    if (upstream_flush(self->upstream, err) != TL_OK)
        return err->fault;
    upstream_listed(self->upstream, source_lines(self->source),
                    !source_is_rereadable(self->source));
    tl_log(TL_LOG_NOTE, "source.ended", "lines=%llu",
           (unsigned long long) source_lines(self->source));
    return TL_OK;
}

static tl_fault
read_ahead(ventilator *self, tl_error *err)
{
    source_link link;

    self->source_waits = false;
    for (int i = 0; i < TURN_LINKS && may_read(self); i++) {
        source_result result = source_next(self->source, &link, err);

        if (result == SOURCE_FAILED)
            return err->fault;
        if (result == SOURCE_END)
            return on_source_end(self, err);
        if (result == SOURCE_WAIT) {
            self->source_waits = true;
            break;
        }
        if (upstream_register(self->upstream, &link, err) != TL_OK)
            return err->fault;
    }
    if (may_read(self) && !self->source_waits)
        self->more_to_do = true;
    return upstream_flush(self->upstream, err);
}

/* ---- what the ledger wants -------------------------------------------------------- */

static bool
may_act(const ventilator *self, int64_t now_ms)
{
    return self->phase != OPENING && now_ms >= self->listen_until_ms;
}

static tl_fault
act(ventilator *self, int64_t now_ms, tl_error *err)
{
    if (!may_act(self, now_ms))
        return TL_OK;
    for (int i = 0; i < TURN_ACTIONS; i++) {
        ledger_action action = ledger_next(self->ledger, now_ms);

        switch (action.verb) {
        case LEDGER_NOTHING:
            return TL_OK;
        case LEDGER_SEND:
            if (!fleet_send(self->fleet, &action))
                ledger_unsent(self->ledger, &action, now_ms);
            break;
        case LEDGER_RULE:
            if (upstream_rule(self->upstream, &action, err) != TL_OK)
                return err->fault;
            break;
        case LEDGER_SYNC:
            upstream_sync(self->upstream);
            break;
        }
    }
    self->more_to_do = true;
    return TL_OK;
}

/* ---- phases ----------------------------------------------------------------------- */

static void
tell_sink_found(ventilator *self)
{
    if (self->told_waiting)
        tl_log(TL_LOG_NOTE, "sink.found", "endpoint=%s",
               tl_text(self->options, TL_OPT_SINK));
    self->told_waiting = false;
}

/* The sink has opened the run, or has come back, maybe at another place. */
static void
on_opened(ventilator *self, int64_t now_ms)
{
    const tl_opened *opened = upstream_opened(self->upstream);

    tell_sink_found(self);
    fleet_open(self->fleet, opened);
    if (self->phase != OPENING)
        return;
    self->phase = self->cut == TL_OK ? RUNNING : CANCELLING;
    /* A record with history may have workers that hold links of a ventilator before us.
     */
    self->listen_until_ms = opened->links > 0 ? now_ms + TL_LISTEN_MS : now_ms;
    tl_log(TL_LOG_NOTE, "run.opened", "run=%llx epoch=%llu known=%llu",
           (unsigned long long) opened->run, (unsigned long long) opened->epoch,
           (unsigned long long) opened->links);
}

static void
cut_short(ventilator *self, tl_fault fault, int64_t now_ms)
{
    if (self->cut != TL_OK || self->phase >= ENDING)
        return;
    tl_log(TL_LOG_NOTE, "run.cancelling", "fault=%s: finishing what is in flight",
           tl_fault_label(fault));
    self->cut = fault;
    self->cut_ms = now_ms;
    self->phase = self->phase == OPENING ? OPENING : CANCELLING;
    ledger_stop(self->ledger);
    fleet_cancel(self->fleet);
}

static void
advance_running(ventilator *self)
{
    if (upstream_is_listed(self->upstream) && upstream_unanswered(self->upstream) == 0 &&
        ledger_now(self->ledger).links == 0) {
        self->phase = ENDING;
        upstream_end(self->upstream);
    }
}

static void
advance_cancelling(ventilator *self, int64_t now_ms)
{
    ledger_state state = ledger_now(self->ledger);
    bool idle = state.at_workers == 0 && state.reported == 0;

    if (idle || now_ms - self->cut_ms >= TL_GRACE_MS) {
        self->phase = STOPPING;
        upstream_stop(self->upstream, self->cut);
    }
}

static void
advance_ending(ventilator *self)
{
    const tl_complete *complete = upstream_complete(self->upstream);

    if (!complete)
        return;
    if (complete->pending > 0 && self->cut != TL_OK) {
        /* A batch of links came behind the stop. */
        self->phase = STOPPING;
        upstream_stop(self->upstream, self->cut);
        return;
    }
    if (complete->pending > 0) {
        /* It still waits for links that we don't know: read them back. */
        tl_log(TL_LOG_WARNING, "run.pending", "links=%llu: reading them back",
               (unsigned long long) complete->pending);
        upstream_restore(self->upstream);
        self->phase = RUNNING;
        return;
    }
    self->phase = ENDED;
}

static void
advance(ventilator *self, int64_t now_ms)
{
    if (upstream_is_opened(self->upstream))
        on_opened(self, now_ms);
    uint64_t limit = tl_number(self->options, TL_OPT_TIMEOUT);
    if (limit > 0 && now_ms - self->start_ms >= (int64_t) limit)
        cut_short(self, TL_RUN_TIMEOUT, now_ms);
    if (self->phase == RUNNING)
        advance_running(self);
    if (self->phase == CANCELLING)
        advance_cancelling(self, now_ms);
    if (self->phase == STOPPING && upstream_is_stopped(self->upstream)) {
        self->phase = ENDING;
        upstream_end(self->upstream);
    }
    if (self->phase == ENDING)
        advance_ending(self);
}

/* ---- the loop --------------------------------------------------------------------- */

static void
on_interrupt(ventilator *self, int signal, int64_t now_ms)
{
    bool gentle = signal == SIGINT || signal == SIGHUP; /* SIGHUP: the launcher is gone */

    /* Before there is a run there is nothing to cancel, at its end nothing either. */
    if (gentle && self->phase == RUNNING) {
        cut_short(self, TL_RUN_CANCELLED, now_ms);
        return;
    }
    tl_log(TL_LOG_NOTE, "run.left", "signal=%s: run it again to resume",
           strsignal(signal)); /* NOLINT(concurrency-mt-unsafe): one thread calls it */
    self->hang_up = true;
}

static tl_fault
check_sink(ventilator *self, int64_t now_ms, tl_error *err)
{
    int64_t silence = upstream_silence(self->upstream, now_ms);
    const char *endpoint = tl_text(self->options, TL_OPT_SINK);

    if (silence == 0)
        tell_sink_found(self);
    if (silence >= PATIENCE_MS && !self->told_waiting) {
        self->told_waiting = true;
        tl_log(TL_LOG_NOTE, "sink.waiting", "endpoint=%s: no sink answers yet", endpoint);
    }
    if (self->cut != TL_OK && now_ms - self->cut_ms >= TL_GRACE_MS + CUT_MS &&
        silence > 0) {
        tl_log(TL_LOG_WARNING, "run.left", "no sink to tell: run it again to resume");
        self->hang_up = true;
    }
    if ((uint64_t) silence >= tl_number(self->options, TL_OPT_SINK_WAIT))
        return tl_fail(err, TL_CANNOT_START,
                       "no sink has answered at %s for %lld s (--sink-wait): start "
                       "thumbline-sink and run this again",
                       endpoint, (long long) silence / 1000);
    return TL_OK;
}

static void
send_facts(ventilator *self)
{
    ledger_state state = ledger_now(self->ledger);
    tl_facts facts = {
        .held = state.at_workers,
        .waiting = state.ready + state.delayed,
        .read_bytes = source_read_bytes(self->source),
        .total_bytes = source_total_bytes(self->source),
        .workers = fleet_facts(self->fleet, self->facts),
    };

    upstream_facts(self->upstream, &facts);
}

static tl_fault
tick(ventilator *self, int64_t now_ms, tl_error *err)
{
    if (now_ms - self->tick_ms < TICK_MS)
        return TL_OK;
    self->tick_ms = now_ms;
    fleet_tick(self->fleet, now_ms);
    if (now_ms - self->facts_ms >= TL_BEAT_MS) {
        self->facts_ms = now_ms;
        send_facts(self);
    }
    return check_sink(self, now_ms, err);
}

static void
wait_for_events(ventilator *self, int64_t now_ms)
{
    zmq_pollitem_t items[] = {
        {.socket = zsock_resolve(fleet_socket(self->fleet)), .events = ZMQ_POLLIN},
        {.socket = zsock_resolve(upstream_socket(self->upstream)), .events = ZMQ_POLLIN},
        {.fd = self->interrupt->signals, .events = ZMQ_POLLIN},
        {.fd = self->interrupt->lifeline, .events = ZMQ_POLLIN},
        {.fd = source_fd(self->source), .events = ZMQ_POLLIN},
    };
    int count = 3;

    if (self->interrupt->lifeline != -1)
        count = 4;
    else
        items[3] = items[4];
    if (self->source_waits && may_read(self))
        count++;
    int64_t deadline = ledger_deadline(self->ledger);
    int64_t wait = self->tick_ms + TICK_MS - now_ms;
    if (deadline >= 0 && deadline - now_ms < wait && may_act(self, now_ms))
        wait = deadline - now_ms;
    if (self->more_to_do || wait < 0)
        wait = 0;
    (void) zmq_poll(items, count, (long) wait); /* interrupted: the turn goes on */
}

static tl_fault
turn(ventilator *self, tl_error *err)
{
    int64_t now_ms = tl_now_ms();

    self->more_to_do = false;
    for (int signal = tl_interrupt_next(self->interrupt); signal != 0;
         signal = tl_interrupt_next(self->interrupt))
        on_interrupt(self, signal, now_ms);
    if (upstream_receive(self->upstream, now_ms, err) != TL_OK ||
        fleet_receive(self->fleet, now_ms, err) != TL_OK ||
        read_ahead(self, err) != TL_OK || act(self, now_ms, err) != TL_OK)
        return err->fault;
    if (self->filling)
        upstream_page(self->upstream);
    advance(self, now_ms);
    if (tick(self, now_ms, err) != TL_OK)
        return err->fault;
    return upstream_tick(self->upstream, now_ms, err);
}

static int
exit_code(const tl_complete *complete, tl_fault cut)
{
    tl_log(TL_LOG_NOTE, "run.complete",
           "done=%llu failed=%llu lost=%llu skipped=%llu duplicate=%llu cancelled=%llu",
           (unsigned long long) complete->done, (unsigned long long) complete->failed,
           (unsigned long long) complete->lost, (unsigned long long) complete->skipped,
           (unsigned long long) complete->duplicate,
           (unsigned long long) complete->cancelled);
    if (cut != TL_OK)
        return TL_EXIT_CUT_SHORT;
    return complete->failed + complete->lost > 0 ? TL_EXIT_SOME_FAILED : TL_EXIT_DONE;
}

tl_fault
ventilator_run(ventilator *self, int *code, tl_error *err)
{
    self->start_ms = tl_now_ms();
    while (self->phase != ENDED && !self->hang_up) {
        if (turn(self, err) != TL_OK)
            return err->fault;
        if (self->phase != ENDED && !self->hang_up)
            wait_for_events(self, tl_now_ms());
    }
    *code = TL_EXIT_CUT_SHORT;
    if (self->phase != ENDED)
        return TL_OK;
    *code = exit_code(upstream_complete(self->upstream), self->cut);
    fleet_over(self->fleet);
    upstream_bye(self->upstream);
    return TL_OK;
}
