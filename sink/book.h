/* book — the sink's bookkeeping: what is said to it, what it writes down, what it
 * answers.
 *
 * Why it exists: this is where no link may get lost or be counted twice, so it is a pure
 * state machine: frames and the time come in, frames go out through a function, a record
 * behind a table of functions remembers. No sockets, no clock, no SQL; a simulation can
 * drive it through any order of losses and restarts. */
#ifndef SINK_BOOK_H
#define SINK_BOOK_H

#include "sink/store.h"
#include "sink/tally.h"
#include "sink/voice.h"

typedef enum {
    BOOK_WAITING, /* for a ventilator */
    BOOK_RUNNING,
    BOOK_COMPLETE, /* nothing is pending and the ventilator knows it */
    BOOK_OVER,     /* it has said bye, or long enough nothing */
} book_state;

/* What anyone may see. */
typedef struct {
    book_state state;
    uint64_t epoch;
    const char *title;
    int64_t started_ms;  /* when this session heard the first of its run */
    int64_t complete_ms; /* when it was complete for the first time */
    bool listed;         /* the source has been read to its end: the total is known */
    bool stopped;        /* the run was cut short */
    bool stalled;        /* the record cannot be written for now; why says so */
    const char *why;
    uint64_t refused;    /* messages that broke the protocol or came from elsewhere */
    const char *problem; /* of the last of them */
    uint64_t read_bytes;
    uint64_t total_bytes;
    uint64_t workers;
} book_view;

/* What the book is made of; all of it stays the caller's and outlives the book. */
typedef struct {
    const store *record;
    tally *tally; /* filled from the record */
    voice_send *send;
    void *context;           /* of send */
    uint64_t report_port;    /* where workers report: for the answer to open */
    const char *report_path; /* ipc */
} book_parts;

typedef struct book book;

book *book_new(const book_parts *parts, tl_error *err);
void book_destroy(book **self_p);

/* Would it take a message now? If not, leave it in the socket: that is the back-pressure.
 */
bool book_takes_run(const book *self);
bool book_takes_reports(const book *self);

/* A frame from RUN, and whose it is; a frame from REPORT. Only while it takes them. */
void book_on_run(book *self, tl_text_view peer, const void *bytes, size_t size,
                 int64_t now_ms);
void book_on_report(book *self, const void *bytes, size_t size, int64_t now_ms);

/* Do what is due; wait_ms gets the time until something else will be, -1 for never. Call
 * it after each round of messages. TL_RECORD when the record is beyond use. */
tl_fault book_tick(book *self, int64_t now_ms, int64_t *wait_ms, tl_error *err);

/* Write what waits, as far as that can be done now: the process is about to leave. */
tl_fault book_flush(book *self, int64_t now_ms, tl_error *err);

const book_view *book_look(const book *self);

/* The exit code that this run deserves now. */
int book_exit_code(const book *self);

#endif
