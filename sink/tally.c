#include "sink/tally.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"

enum {
    FAULTS = 200,       /* numbers that may end a link are below */
    WORKERS = 1024,     /* named one by one */
    SLOTS = 2 * WORKERS /* of the table that finds them; half stay empty */
};

struct tally {
    uint64_t links;
    uint64_t counts[TL_VERDICTS];
    uint64_t faults[TL_VERDICTS][FAULTS];
    uint64_t bytes;
    histogram times[TALLY_PHASES];
    size_t worker_count;
    tally_worker workers[WORKERS + 1]; /* the last for all others */
    uint16_t slots[SLOTS];             /* a worker's index + 1; 0 empty */
};

tally *
tally_new(void)
{
    return calloc(1, sizeof(tally));
}

void
tally_destroy(tally **self_p)
{
    assert(self_p);
    free(*self_p);
    *self_p = NULL;
}

void
tally_register(tally *self, uint64_t links)
{
    self->links += links;
}

void
tally_set_duplicates(tally *self, uint64_t duplicates)
{
    self->counts[TL_DUPLICATE] = duplicates;
}

static tally_worker *
add_worker(tally *self, tl_text_view name, uint16_t *slot)
{
    if (self->worker_count == WORKERS) {
        tally_worker *others = &self->workers[WORKERS];

        (void) tl_view_copy(tl_view("(others)"), others->name, sizeof others->name);
        return others;
    }
    tally_worker *worker = &self->workers[self->worker_count++];
    *slot = (uint16_t) self->worker_count;
    (void) tl_view_copy(name, worker->name, sizeof worker->name);
    return worker;
}

static tally_worker *
find_worker(tally *self, tl_text_view name)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (uint8_t) name.at[i]) * 16777619U;
    for (size_t at = hash % SLOTS;; at = (at + 1) % SLOTS) {
        if (self->slots[at] == 0)
            return add_worker(self, name, &self->slots[at]);
        tally_worker *worker = &self->workers[self->slots[at] - 1];
        if (strncmp(worker->name, name.at, name.size) == 0 && !worker->name[name.size])
            return worker;
    }
}

static void
count_times(tally *self, const tl_report *report)
{
    const uint64_t times[TALLY_PHASES] = {
        [TALLY_QUEUED] = report->queued,         [TALLY_DNS] = report->dns,
        [TALLY_CONNECT] = report->connect,       [TALLY_TLS] = report->tls,
        [TALLY_FIRST_BYTE] = report->first_byte, [TALLY_BODY] = report->body,
        [TALLY_SHRINK] = report->shrink,         [TALLY_STORE] = report->store,
    };

    for (size_t i = 0; i < TALLY_PHASES; i++)
        if (times[i] > 0)
            histogram_add(&self->times[i], times[i]);
}

void
tally_end(tally *self, const tl_report *report)
{
    assert(report->verdict < TL_VERDICTS && report->fault < FAULTS);
    self->counts[report->verdict]++;
    self->faults[report->verdict][report->fault]++;
    self->bytes += report->bytes;
    count_times(self, report);
    if (report->worker.size == 0 || report->worker.size > TL_WORKER_NAME_BYTES)
        return; /* ended by the ventilator or by us */

    tally_worker *worker = find_worker(self, report->worker);
    worker->links++;
    worker->done += report->verdict == TL_DONE;
    worker->bytes += report->bytes;
}

void
tally_reopen(tally *self, uint64_t fault)
{
    assert(fault < FAULTS && self->counts[TL_CANCELLED] > 0);
    self->counts[TL_CANCELLED]--;
    self->faults[TL_CANCELLED][fault]--;
}

uint64_t
tally_ended(const tally *self)
{
    uint64_t ended = 0;

    for (size_t verdict = TL_DONE; verdict < TL_VERDICTS; verdict++)
        if (verdict != TL_DUPLICATE) /* lines, not links */
            ended += self->counts[verdict];
    return ended;
}

uint64_t
tally_links(const tally *self)
{
    return self->links;
}

uint64_t
tally_count(const tally *self, uint64_t verdict)
{
    assert(verdict < TL_VERDICTS);
    return verdict == TL_PENDING ? self->links - tally_ended(self)
                                 : self->counts[verdict];
}

uint64_t
tally_faults(const tally *self, uint64_t verdict, tl_fault fault)
{
    return verdict < TL_VERDICTS && (size_t) fault < FAULTS ? self->faults[verdict][fault]
                                                            : 0;
}

uint64_t
tally_bytes(const tally *self)
{
    return self->bytes;
}

const histogram *
tally_times(const tally *self, tally_phase phase)
{
    return &self->times[phase];
}

const char *
tally_phase_label(tally_phase phase)
{
    static const char *const labels[TALLY_PHASES] = {
        [TALLY_QUEUED] = "queued",         [TALLY_DNS] = "dns",
        [TALLY_CONNECT] = "connect",       [TALLY_TLS] = "tls",
        [TALLY_FIRST_BYTE] = "first byte", [TALLY_BODY] = "body",
        [TALLY_SHRINK] = "shrink",         [TALLY_STORE] = "store",
    };

    return labels[phase];
}

const tally_worker *
tally_worker_at(const tally *self, size_t index)
{
    if (index < self->worker_count)
        return &self->workers[index];
    return index == self->worker_count && self->workers[WORKERS].links > 0
               ? &self->workers[WORKERS]
               : NULL;
}
