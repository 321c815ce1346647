/* record_bench — what a link costs the sink: registration and report, with full commits.
 *
 *     bench_record_bench FILE [LINKS [numbered|random]]
 *
 * Drives the book and a real record as a ventilator and workers would, without sockets:
 * registers of 256 links run ahead of reports by up to 65,536 links. Prints links/s and
 * CPU time of the sink's share for each 100,000 links, and the most memory held. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "proto/clock.h"
#include "proto/digest.h"
#include "proto/limits.h"
#include "proto/scope.h"
#include "sink/book.h"
#include "sink/record.h"

enum {
    STEP_LINKS = 100000,
    FRAMES = 1024,
    ROUND_REPORTS = 500,
    RING = 2 * TL_AHEAD_LINKS
};

typedef struct {
    book *book;
    uint64_t run;
    uint64_t epoch;
    uint64_t links;
    bool random_names;
    uint64_t said; /* links in registers so far */
    uint64_t batch;
    uint64_t settled;
    uint64_t reported;
    uint64_t ready[RING]; /* a ring of ids to report */
    uint64_t ready_from;
    uint64_t ready_to;
    tl_buf *frame;
    tl_buf *items;
    tl_digest *digest;
    int64_t cpu_ns; /* in the book */
    /* Frames made ahead, so that making them is not measured. */
    uint8_t *frames;
    size_t sizes[FRAMES];
    size_t frame_count;
} bench;

static int64_t
cpu_now(void)
{
    struct timespec now;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
die(const char *what, const tl_error *err)
{
    (void) fprintf(stderr, "%s: %s\n", what, err ? err->text : "");
    abort();
}

static bool
on_send(void *context, tl_text_view peer, const void *frame, size_t size)
{
    bench *self = context;
    tl_error err;
    const tl_schema *schema = tl_peek(frame, size, &err);
    union {
        tl_opened opened;
        tl_registered registered;
        tl_settled settled;
    } got;

    (void) peer;
    if (schema != &TL_OPENED && schema != &TL_REGISTERED && schema != &TL_SETTLED)
        return true;
    if (tl_decode(schema, &got, frame, size, &err) != TL_OK)
        die("decoding an answer", &err);
    if (schema == &TL_OPENED) {
        self->run = got.opened.run;
        self->epoch = got.opened.epoch;
    } else if (schema == &TL_SETTLED) {
        self->settled += got.settled.ids.count;
    } else {
        for (tl_place place; tl_list_next(&got.registered.places, &TL_PLACE, &place);)
            self->ready[self->ready_to++ % RING] = place.id;
    }
    return true;
}

static void
keep_frame(bench *self, const tl_schema *schema, const void *message)
{
    tl_error err;

    tl_buf_clear(self->frame);
    if (tl_encode(schema, message, self->frame, &err) != TL_OK)
        die("encoding", &err);
    self->sizes[self->frame_count] = tl_buf_size(self->frame);
    memcpy(self->frames + self->frame_count++ * TL_FRAME_BYTES, tl_buf_bytes(self->frame),
           tl_buf_size(self->frame));
}

static void
add_link(bench *self, uint64_t line)
{
    char url[128];
    char name[64];
    char hex[2 * TL_SHA_BYTES + 1];
    uint8_t sha[TL_SHA_BYTES];
    tl_error err;

    tl_digest_start(self->digest);
    tl_digest_add(self->digest, &line, sizeof line);
    tl_digest_finish(self->digest, sha);
    if (self->random_names)
        (void) snprintf(name, sizeof name, "%.7s.jpg", tl_hex(sha + 16, 8, hex));
    else
        (void) snprintf(name, sizeof name, "%07" PRIu64 ".jpg", line);
    (void) snprintf(url, sizeof url, "http://images.example.org/photos/%s", name);

    const tl_link link = {.line = line,
                          .url = tl_view(url),
                          .key = {(const char *) sha, TL_KEY_BYTES},
                          .name = tl_view(name)};
    if (tl_list_add(self->items, &TL_LINK, &link, &err) != TL_OK)
        die("a link", &err);
}

static void
make_registers(bench *self)
{
    self->frame_count = 0;
    while (self->said < self->links && self->said - self->settled < TL_AHEAD_LINKS &&
           self->frame_count < 8) {
        size_t count = 0;

        tl_buf_clear(self->items);
        for (; count < TL_BATCH_LINKS && self->said < self->links; count++)
            add_link(self, ++self->said);
        const tl_register message = {self->epoch, ++self->batch,
                                     tl_list_of(self->items, count)};
        keep_frame(self, &TL_REGISTER, &message);
    }
}

static void
make_reports(bench *self)
{
    static const char worker[] = "worker-17";

    self->frame_count = 0;
    while (self->ready_from < self->ready_to && self->frame_count < ROUND_REPORTS) {
        const tl_report report = {.run = self->run,
                                  .id = self->ready[self->ready_from % RING],
                                  .worker = {worker, sizeof worker - 1},
                                  .attempt = 1,
                                  .verdict = TL_DONE,
                                  .queued = 1000 + self->ready_from % 5000};

        self->ready_from++;
        keep_frame(self, &TL_REPORT, &report);
    }
}

static void
tick(bench *self)
{
    int64_t wait_ms = 0;
    tl_error err;

    if (book_tick(self->book, tl_now_ms(), &wait_ms, &err) != TL_OK)
        die("tick", &err);
}

static void
feed(bench *self, bool run)
{
    int64_t start = cpu_now();

    for (size_t i = 0; i < self->frame_count; i++) {
        const uint8_t *frame = self->frames + i * TL_FRAME_BYTES;

        while (!(run ? book_takes_run(self->book) : book_takes_reports(self->book)))
            tick(self);
        if (run)
            book_on_run(self->book, tl_view("peer"), frame, self->sizes[i], tl_now_ms());
        else
            book_on_report(self->book, frame, self->sizes[i], tl_now_ms());
    }
    tick(self);
    self->cpu_ns += cpu_now() - start;
}

static void
open_run(bench *self)
{
    static const char name[TL_KEY_BYTES] = "bench";
    const tl_open open = {.name = {name, sizeof name},
                          .title = tl_view("bench"),
                          .release = tl_view("0"),
                          .instance = (uint64_t) tl_wall_ms()};

    self->frame_count = 0;
    keep_frame(self, &TL_OPEN, &open);
    feed(self, true);
}

static void
drive(bench *self)
{
    int64_t start = tl_now_us();
    int64_t step_us = start;
    int64_t step_cpu = self->cpu_ns;

    for (uint64_t step = STEP_LINKS; self->settled < self->links;) {
        make_registers(self);
        feed(self, true);
        make_reports(self);
        feed(self, false);
        if (self->settled < step)
            continue;
        int64_t now = tl_now_us();
        (void) printf("%8" PRIu64 " links: %6.0f links/s, sink CPU %5.2f us/link\n",
                      self->settled, STEP_LINKS * 1e6 / (double) (now - step_us),
                      (double) (self->cpu_ns - step_cpu) / 1e3 / STEP_LINKS);
        (void) fflush(stdout);
        step += STEP_LINKS;
        step_us = now;
        step_cpu = self->cpu_ns;
    }
    (void) printf("in all: %.0f links/s, sink CPU %.2f us/link\n",
                  (double) self->links * 1e6 / (double) (tl_now_us() - start),
                  (double) self->cpu_ns / 1e3 / (double) self->links);
}

int
main(int argc, char **argv)
{
    TL_SCOPED(record_close) record *file = NULL;
    TL_SCOPED(tally_destroy) tally *counts = tally_new();
    bench *self = calloc(1, sizeof *self);
    struct rusage usage;
    tl_error err;

    if (argc < 2 || !self || !counts)
        die("usage: bench_record_bench FILE [LINKS [numbered|random]]", NULL);
    self->links = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    self->random_names = argc > 3 && strcmp(argv[3], "random") == 0;
    self->frame = tl_buf_new(TL_FRAME_BYTES);
    self->items = tl_buf_new(TL_FRAME_BYTES);
    self->digest = tl_digest_new();
    self->frames = malloc((size_t) FRAMES * TL_FRAME_BYTES);

    int64_t start = tl_now_us();
    file = record_open(argv[1], &err);
    if (!file || record_count(file, counts, &err) != TL_OK)
        die("the record", &err);
    (void) printf("opened with %" PRIu64 " links in %.3f s\n", tally_links(counts),
                  (double) (tl_now_us() - start) / 1e6);
    const book_parts parts = {record_store(file), counts, on_send, self, 1, ""};
    self->book = book_new(&parts, &err);
    if (!self->book)
        die("the book", &err);
    open_run(self);
    drive(self);
    (void) getrusage(RUSAGE_SELF, &usage);
    (void) printf("peak memory %ld KiB (%d KiB of frames are the bench's)\n",
                  usage.ru_maxrss, FRAMES * TL_FRAME_BYTES / 1024);

    book_destroy(&self->book);
    tl_buf_destroy(&self->frame);
    tl_buf_destroy(&self->items);
    tl_digest_destroy(&self->digest);
    free(self->frames);
    free(self);
    return 0;
}
