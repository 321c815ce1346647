/* upstream — the conversation with the sink, on RUN.
 *
 * Why it exists: a link is registered with the sink before it is worked on, and forgotten
 * only when the sink has it on disk. What comes back (places, settlements, pages) goes
 * straight into the ledger. Nothing is trusted to arrive once: open, register, sync,
 * listed, stop and end are repeated until they are answered. */
#ifndef TL_VENTILATOR_UPSTREAM_H
#define TL_VENTILATOR_UPSTREAM_H

#include "proto/message.h"
#include "proto/options.h"
#include "proto/socket.h"
#include "ventilator/ledger.h"
#include "ventilator/source.h"

typedef struct upstream upstream;

typedef struct {
    const char *endpoint;
    bool insecure;
    uint8_t name[TL_KEY_BYTES]; /* digest of the source's names and the run's options */
    const char *title;          /* the source's names, for people */
    const tl_options *options;  /* theirs of scope RUN are told to the sink */
    uint64_t instance;          /* random */
} upstream_settings;

/* Connects; the sink need not be there yet. NULL with TL_USAGE, TL_REFUSED (beyond this
 * machine), TL_CANNOT_START or TL_NO_MEMORY. */
upstream *upstream_new(const upstream_settings *settings, ledger *into, tl_error *err);
void upstream_destroy(upstream **self_p);

/* To poll. */
zsock_t *upstream_socket(const upstream *self);

/* Take what has come. TL_REFUSED: fenced, or the record is another run's; TL_VERSION,
 * TL_NO_MEMORY. Bad messages are counted and skipped. */
tl_fault upstream_receive(upstream *self, int64_t now_ms, tl_error *err);

/* Say what is due, first sayings and repetitions; call at least every TL_REPEAT_MS. */
tl_fault upstream_tick(upstream *self, int64_t now_ms, tl_error *err);

/* What the sink said of the run when it was opened; NULL before. */
const tl_opened *upstream_opened(const upstream *self);

/* True once after each time that the sink has opened the run: the first time, and when it
 * has come back. */
bool upstream_is_opened(upstream *self);

/* How long the sink has been away, or has answered nothing, ms; 0 while all is well. */
int64_t upstream_silence(const upstream *self, int64_t now_ms);

/* Register a link: it goes with its batch, when that is full or flushed. */
tl_fault upstream_register(upstream *self, const source_link *link, tl_error *err);
tl_fault upstream_flush(upstream *self, tl_error *err);

/* Links registered and not answered yet, and the bytes that hold them. */
size_t upstream_unanswered(const upstream *self);
size_t upstream_unanswered_bytes(const upstream *self);

/* The source has ended after so many lines. With `keep` it cannot be read again: what is
 * pending from before is paged in instead of cancelled. */
void upstream_listed(upstream *self, uint64_t lines, bool keep);

/* Page in what is pending: a safety net if the sink still waits for links that we don't
 * know. Pages come when upstream_page says that there is room. */
void upstream_restore(upstream *self);
void upstream_page(upstream *self);

/* The sink has heard of the source's end and all pages are here. */
bool upstream_is_listed(const upstream *self);

/* What the ledger wants said. */
tl_fault upstream_rule(upstream *self, const ledger_action *action, tl_error *err);
void upstream_sync(upstream *self);

/* Cut the run short with this fault; stopped once that is on disk. */
void upstream_stop(upstream *self, tl_fault fault);
bool upstream_is_stopped(const upstream *self);

/* Ask for the final count; NULL until it is here. */
void upstream_end(upstream *self);
const tl_complete *upstream_complete(const upstream *self);

/* Say bye: the sink may leave. */
void upstream_bye(upstream *self);

/* Fleet facts for the sink's displays (the epoch is filled in); lost if it is away. */
void upstream_facts(upstream *self, tl_facts *facts);

#endif
