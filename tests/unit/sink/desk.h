/* desk — a book with a real record in a file of its own, and a ventilator that talks to
 * it.
 *
 * Why it exists: tests of the book say what is sent and look at what came back; frames,
 * files and the clock (which only moves when a test says so) are handled here. */
#ifndef UNIT_SINK_DESK_H
#define UNIT_SINK_DESK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/limits.h"
#include "sink/book.h"
#include "sink/record.h"
#include "tests/support/unit.h"

enum { DESK_LINKS = 8192 };

typedef struct {
    char folder[32];
    char path[64];
    record *file;
    store store; /* the record's, or one that fails */
    tally *counts;
    book *book;
    tl_buf *frame;
    tl_buf *items;
    int64_t now_ms;
    int64_t wait_ms;
    uint64_t epoch;
    uint64_t batch;
    bool deaf; /* what is said to us is lost */

    unsigned opened_count, fenced, refused, synced, heard, pages, completes;
    tl_opened opened;
    tl_complete complete;
    tl_synced last_synced;
    char why[TL_TEXT_BYTES];
    struct {
        uint64_t id;
        uint64_t verdict;
        char name[TL_NAME_BYTES + 1];
    } places[DESK_LINKS]; /* of all registers answered, in their order */
    size_t place_count;
    uint64_t settled[DESK_LINKS];
    size_t settled_count;
    unsigned settled_messages;
    uint64_t chain; /* the last number */
    unsigned gaps;  /* prev was another one */
    unsigned again; /* ids outside the chain */
    uint64_t page_ids[TL_BATCH_LINKS];
    size_t page_count;
    bool page_more;
} desk;

static inline void
desk_on_settled(desk *self, const tl_settled *message)
{
    tl_list ids = message->ids;

    self->settled_messages++;
    if (message->last == 0) {
        self->again += (unsigned) ids.count;
        return;
    }
    self->gaps += message->prev != self->chain;
    self->chain = message->last;
    for (uint64_t id; tl_list_next_id(&ids, &id);)
        self->settled[self->settled_count++ % DESK_LINKS] = id;
}

static inline void
desk_on_registered(desk *self, const tl_registered *message)
{
    tl_list places = message->places;

    for (tl_place place; tl_list_next(&places, &TL_PLACE, &place);) {
        size_t at = self->place_count++;

        self->places[at].id = place.id;
        self->places[at].verdict = place.verdict;
        (void) tl_view_copy(place.name, self->places[at].name, TL_NAME_BYTES + 1);
    }
}

static inline void
desk_on_page(desk *self, const tl_page *message)
{
    tl_list links = message->links;

    self->pages++;
    self->page_count = 0;
    self->page_more = message->more;
    for (tl_page_link link; tl_list_next(&links, &TL_PAGE_LINK, &link);)
        self->page_ids[self->page_count++] = link.id;
}

static inline bool
desk_hear(void *context, tl_text_view peer, const void *frame, size_t size)
{
    desk *self = context;
    tl_error err;
    const tl_schema *schema = tl_peek(frame, size, &err);
    union {
        tl_opened opened;
        tl_registered registered;
        tl_settled settled;
        tl_synced synced;
        tl_page page;
        tl_refused refused;
        tl_complete complete;
        uint8_t room[TL_MESSAGE_BYTES];
    } got;

    assert_true(peer.size > 0);
    assert_non_null(schema);
    assert_int_equal(tl_decode(schema, &got, frame, size, &err), TL_OK);
    if (self->deaf)
        return true;
    self->fenced += schema == &TL_FENCED;
    self->heard += schema == &TL_HEARD;
    if (schema == &TL_OPENED) {
        self->opened = got.opened;
        self->opened_count++;
    } else if (schema == &TL_REGISTERED) {
        desk_on_registered(self, &got.registered);
    } else if (schema == &TL_SETTLED) {
        desk_on_settled(self, &got.settled);
    } else if (schema == &TL_SYNCED) {
        self->last_synced = got.synced;
        self->synced++;
    } else if (schema == &TL_PAGE) {
        desk_on_page(self, &got.page);
    } else if (schema == &TL_COMPLETE) {
        self->complete = got.complete;
        self->completes++;
    } else if (schema == &TL_REFUSED_MESSAGE) {
        (void) tl_view_copy(got.refused.why, self->why, sizeof self->why);
        self->refused++;
    }
    return true;
}

static inline void
desk_start(desk *self)
{
    tl_error err = {0};

    self->counts = tally_new();
    self->file = record_open(self->path, &err);
    if (!self->file)
        fail_msg("%s", err.text);
    assert_int_equal(record_count(self->file, self->counts, &err), TL_OK);
    self->store = *record_store(self->file);
    const book_parts parts = {&self->store, self->counts, desk_hear, self, 5558, ""};
    self->book = book_new(&parts, &err);
    assert_non_null(self->book);
}

/* As kill -9 does it: nothing is flushed. */
static inline void
desk_kill(desk *self)
{
    book_destroy(&self->book);
    record_close(&self->file);
    tally_destroy(&self->counts);
}

static inline void
desk_restart(desk *self)
{
    desk_kill(self);
    desk_start(self);
}

static inline int
desk_set_up(void **state)
{
    desk *self = calloc(1, sizeof *self);

    assert_non_null(self);
    (void) snprintf(self->folder, sizeof self->folder, "/tmp/tl-desk-XXXXXX");
    assert_non_null(mkdtemp(self->folder));
    (void) snprintf(self->path, sizeof self->path, "%s/run.db", self->folder);
    self->frame = tl_buf_new(TL_FRAME_BYTES);
    self->items = tl_buf_new(TL_FRAME_BYTES);
    self->now_ms = 1000;
    desk_start(self);
    *state = self;
    return 0;
}

static inline int
desk_tear_down(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    desk *self = *state;

    desk_kill(self);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[80];

        (void) snprintf(path, sizeof path, "%s%s", self->path, ends[i]);
        (void) unlink(path);
    }
    (void) rmdir(self->folder);
    tl_buf_destroy(&self->frame);
    tl_buf_destroy(&self->items);
    free(self);
    return 0;
}

/* Let time pass, and do what is due until nothing is. */
static inline void
desk_pass(desk *self, int64_t ms)
{
    tl_error err = {0};

    self->now_ms += ms;
    do {
        if (book_tick(self->book, self->now_ms, &self->wait_ms, &err) != TL_OK)
            fail_msg("%s", err.text);
    } while (self->wait_ms == 0);
}

static inline void
desk_encode(desk *self, const tl_schema *schema, const void *message)
{
    tl_error err = {0};

    tl_buf_clear(self->frame);
    if (tl_encode(schema, message, self->frame, &err) != TL_OK)
        fail_msg("%s", err.text);
}

static inline void
desk_say(desk *self, const tl_schema *schema, const void *message)
{
    desk_encode(self, schema, message);
    if (!book_takes_run(self->book))
        desk_pass(self, 0);
    book_on_run(self->book, tl_view("ventilator"), tl_buf_bytes(self->frame),
                tl_buf_size(self->frame), self->now_ms);
}

static inline void
desk_open_as(desk *self, const char *name16, uint64_t instance)
{
    const tl_open open = {.name = {name16, TL_KEY_BYTES},
                          .title = tl_view("links.txt"),
                          .release = tl_view("1.0"),
                          .instance = instance};

    desk_say(self, &TL_OPEN, &open);
}

/* Open, and speak with the epoch that was answered. */
static inline void
desk_open(desk *self, uint64_t instance)
{
    unsigned before = self->opened_count;

    desk_open_as(self, "a run of 16 byte", instance);
    assert_int_equal(self->opened_count, before + 1);
    self->epoch = self->opened.epoch;
    self->chain = self->opened.seq;
    self->batch = 0;
}

/* A link for line `line`; its key and URL follow from `what`. */
static inline void
desk_add(desk *self, uint64_t line, uint64_t what, const char *name, tl_fault fault)
{
    uint64_t key[2] = {what * 0x9e3779b97f4a7c15U, what};
    char url[64];
    tl_error err;

    (void) snprintf(url, sizeof url, "http://x.example/%llu", (unsigned long long) what);
    const tl_link link = {.line = line,
                          .url = tl_view(url),
                          .key = {(const char *) key, sizeof key},
                          .name = tl_view(name),
                          .fault = fault};
    assert_int_equal(tl_list_add(self->items, &TL_LINK, &link, &err), TL_OK);
}

/* Say the links that were added as the next register. */
static inline void
desk_send_register(desk *self, size_t count)
{
    const tl_register message = {self->epoch, ++self->batch,
                                 tl_list_of(self->items, count)};

    desk_say(self, &TL_REGISTER, &message);
    tl_buf_clear(self->items);
}

/* Lines first to last, line n about link n, and wait for the answer. */
static inline void
desk_register(desk *self, uint64_t first, uint64_t last)
{
    while (first <= last) {
        size_t count = 0;

        for (; first <= last && count < TL_BATCH_LINKS; count++, first++) {
            char name[32];

            (void) snprintf(name, sizeof name, "%llu.jpg", (unsigned long long) first);
            desk_add(self, first, first, name, TL_OK);
        }
        desk_send_register(self, count);
    }
    desk_pass(self, TL_REPEAT_MS);
}

static inline void
desk_report_for(desk *self, uint64_t run, uint64_t id, tl_verdict verdict, tl_fault fault)
{
    const tl_report report = {.run = run,
                              .id = id,
                              .worker = tl_view("w1"),
                              .attempt = 1,
                              .verdict = verdict,
                              .fault = fault,
                              .bytes = 1000,
                              .body = 5000};

    desk_encode(self, &TL_REPORT, &report);
    while (!book_takes_reports(self->book))
        desk_pass(self, 0);
    book_on_report(self->book, tl_buf_bytes(self->frame), tl_buf_size(self->frame),
                   self->now_ms);
}

static inline void
desk_report(desk *self, uint64_t id, tl_verdict verdict, tl_fault fault)
{
    desk_report_for(self, self->opened.run, id, verdict, fault);
}

static inline uint64_t
desk_count(const desk *self, tl_verdict verdict)
{
    return tally_count(self->counts, verdict);
}

#endif
