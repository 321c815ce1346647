#include "sink/registry.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sink/names.h"

/* A link and what it is sorted by. */
typedef struct {
    uint64_t rank;
    size_t index;
} place;

struct registry {
    const store *record;
    place *places;
    size_t most;
};

/* What the steps below share. */
typedef struct {
    const store *record;
    uint64_t epoch;
    registry_link *links;
    place *places;
    tl_error *err;
} work;

registry *
registry_new(const store *record, size_t most)
{
    registry *self = calloc(1, sizeof *self);

    if (self) {
        self->record = record;
        self->most = most;
        self->places = calloc(most, sizeof *self->places);
    }
    if (self && !self->places)
        registry_destroy(&self);
    return self;
}

void
registry_destroy(registry **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    free((*self_p)->places);
    free(*self_p);
    *self_p = NULL;
}

static int
compare(const void *left, const void *right)
{
    const place *a = left;
    const place *b = right;

    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index; /* who came first is first */
}

/* Ranks are rowids: signed. */
static uint64_t
as_rank(uint64_t number)
{
    return number ^ (uint64_t) 1 << 63;
}

static uint64_t
as_number(const place *at)
{
    return as_rank(at->rank);
}

/* Half of the key; two keys that share it are told apart by the whole, see meet. */
static uint64_t
slot_of(const tl_link *link)
{
    uint64_t slot = 0;

    for (size_t i = 0; i < sizeof slot; i++)
        slot = slot << 8 | (uint8_t) link->key.at[i];
    return slot;
}

/* Claim the slots in their order. The places of links whose slot is held by somebody are
 * left in front, ranked by holder; returns how many through `held`. */
static tl_fault
claim_slots(work *self, size_t count, size_t *held)
{
    for (size_t i = 0; i < count; i++)
        self->places[i] = (place){as_rank(slot_of(&self->links[i].said)), i};
    qsort(self->places, count, sizeof *self->places, compare);

    *held = 0;
    for (size_t i = 0; i < count; i++) {
        registry_link *link = &self->links[self->places[i].index];
        uint64_t holder = 0;

        if (self->record->claim_slot(self->record->self, as_number(&self->places[i]),
                                     link->id, &holder, self->err) != TL_OK)
            return self->err->fault;
        link->fresh = holder == link->id;
        if (!link->fresh)
            self->places[(*held)++] = (place){holder, self->places[i].index};
    }
    return TL_OK;
}

/* One round of names: make them, claim them in the order of their hashes, keep those that
 * were taken for the next round. */
static tl_fault
name_round(work *self, place *places, size_t *count, unsigned round)
{
    size_t taken = 0;

    for (size_t i = 0; i < *count; i++) {
        registry_link *link = &self->links[places[i].index];

        places[i].rank = as_rank(names_make(&link->said, round, link->name));
    }
    qsort(places, *count, sizeof *places, compare);
    for (size_t i = 0; i < *count; i++) {
        bool claimed = false;

        if (self->record->claim_name(self->record->self, as_number(&places[i]), &claimed,
                                     self->err) != TL_OK)
            return self->err->fault;
        if (!claimed)
            places[taken++] = places[i];
    }
    *count = taken;
    return TL_OK;
}

/* Name and add the fresh links among [from, to). Malformed ones have no file. */
static tl_fault
add_fresh(work *self, place *places, size_t from, size_t to)
{
    size_t unnamed = 0;

    for (size_t i = from; i < to; i++)
        if (self->links[i].fresh && self->links[i].said.fault == TL_OK)
            places[unnamed++].index = i;
    for (unsigned round = 0; unnamed > 0; round++)
        if (name_round(self, places, &unnamed, round) != TL_OK)
            return self->err->fault;

    for (size_t i = from; i < to; i++) {
        const registry_link *link = &self->links[i];
        store_link row = {.id = link->id,
                          .source = link->said.source,
                          .line = link->said.line,
                          .epoch = self->epoch};

        if (!link->fresh)
            continue;
        memcpy(row.key, link->said.key.at, TL_KEY_BYTES);
        memcpy(row.name, link->name, sizeof row.name);
        if (self->record->add_link(self->record->self, &row, &link->said, self->err) !=
            TL_OK)
            return self->err->fault;
    }
    return TL_OK;
}

/* A later epoch lists a link again: it moves to its new line, and what was cancelled is
 * to be done after all. */
static tl_fault
list_again(work *self, registry_link *link, store_link *row)
{
    const store *record = self->record;

    row->source = link->said.source;
    row->line = link->said.line;
    row->epoch = self->epoch;
    link->verdict = row->verdict;
    if (record->relist(record->self, row, self->err) != TL_OK)
        return self->err->fault;
    if (row->verdict != TL_CANCELLED)
        return TL_OK;
    link->verdict = TL_PENDING;
    link->undone = row->fault;
    return record->reopen(record->self, row->id, self->err);
}

static tl_fault
count_duplicate(work *self, registry_link *link, store_link *row)
{
    row->source = link->said.source;
    row->line = link->said.line;
    link->verdict = TL_DUPLICATE;
    return self->record->add_duplicate(self->record->self, row, &link->repeated,
                                       self->err);
}

/* Another key holds the slot: try the next ones. One link in billions comes here. */
static tl_fault
look_further(work *self, registry_link *link, uint64_t *slot, uint64_t *holder)
{
    size_t index = (size_t) (link - self->links);
    place alone = {0, index};

    *slot += 1;
    if (self->record->claim_slot(self->record->self, *slot, link->id, holder,
                                 self->err) != TL_OK)
        return self->err->fault;
    link->fresh = *holder == link->id;
    return link->fresh ? add_fresh(self, &alone, index, index + 1) : TL_OK;
}

/* The record holds this slot already; is it the same link, and what does that mean? */
static tl_fault
meet(work *self, registry_link *link, uint64_t holder)
{
    uint64_t slot = slot_of(&link->said);
    store_link row = {0};

    for (;;) {
        if (self->record->find_link(self->record->self, holder, &row, self->err) != TL_OK)
            return self->err->fault;
        if (memcmp(row.key, link->said.key.at, TL_KEY_BYTES) == 0)
            break;
        if (look_further(self, link, &slot, &holder) != TL_OK || link->fresh)
            return self->err->fault;
    }
    link->id = row.id;
    memcpy(link->name, row.name, sizeof link->name);
    if (row.epoch < self->epoch)
        return list_again(self, link, &row);
    if (row.line != link->said.line || row.source != link->said.source)
        return count_duplicate(self, link, &row);
    link->verdict = row.verdict; /* a repeated message gets the answer it missed */
    return TL_OK;
}

tl_fault
registry_place(registry *self, const registry_batch *batch, tl_error *err)
{
    registry_link *links = batch->links;
    work now = {self->record, batch->epoch, links, self->places, err};
    size_t held = 0;

    assert(batch->count <= self->most);
    err->fault = TL_OK;
    for (size_t i = 0; i < batch->count; i++) {
        links[i].id = batch->next_id + i;
        links[i].verdict = links[i].said.fault == TL_OK ? TL_PENDING : TL_FAILED;
        links[i].undone = 0;
        links[i].repeated = false;
        links[i].name[0] = '\0';
    }
    if (claim_slots(&now, batch->count, &held) != TL_OK)
        return err->fault;
    /* First those that are new: a link may meet another one of its own batch. */
    place *known = self->places;
    if (add_fresh(&now, known + held, 0, batch->count) != TL_OK)
        return err->fault;
    qsort(known, held, sizeof *known, compare);
    for (size_t i = 0; i < held; i++)
        if (meet(&now, &links[known[i].index], known[i].rank) != TL_OK)
            return err->fault;
    return TL_OK;
}
