#include "ventilator/batches.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"

enum { LINK_OVERHEAD_BYTES = 96 /* of packing, key and numbers */ };

struct batch {
    batch *next;
    uint64_t number;
    size_t links;
    tl_buf *frame;
};

struct batches {
    tl_buf *items; /* the batch being filled */
    size_t item_count;
    uint64_t numbers; /* given so far */
    batch *first;
    batch *last;
    size_t links;
    size_t bytes;
};

static void
destroy_batch(batch **self_p)
{
    if (!*self_p)
        return;
    tl_buf_destroy(&(*self_p)->frame);
    free(*self_p);
    *self_p = NULL;
}

batches *
batches_new(void)
{
    TL_SCOPED(batches_destroy) batches *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->items = tl_buf_new(TL_BATCH_BYTES);
    return self->items ? TL_GIVE(self) : NULL;
}

void
batches_destroy(batches **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    for (batch *each = (*self_p)->first, *next = NULL; each; each = next) {
        next = each->next;
        destroy_batch(&each);
    }
    tl_buf_destroy(&(*self_p)->items);
    free(*self_p);
    *self_p = NULL;
}

static size_t
packed_bytes(const source_link *link)
{
    return link->url_size + strlen(link->name) + LINK_OVERHEAD_BYTES;
}

bool
batches_has_room(const batches *self, const source_link *link)
{
    return self->item_count < TL_BATCH_LINKS &&
           tl_buf_size(self->items) + packed_bytes(link) <= TL_BATCH_BYTES;
}

tl_fault
batches_add(batches *self, const source_link *link, tl_error *err)
{
    tl_link item = {
        .line = link->line,
        .source = link->source,
        .url = {link->url, link->url_size},
        .key = {(const char *) link->key, sizeof link->key},
        .name = tl_view(link->name),
        .fault = link->fault,
    };

    assert(batches_has_room(self, link));
    if (tl_list_add(self->items, &TL_LINK, &item, err) != TL_OK)
        return err->fault;
    self->item_count++;
    self->links++;
    return TL_OK;
}

const batch *
batches_close(batches *self, uint64_t epoch, tl_error *err)
{
    TL_SCOPED(destroy_batch) batch *closed = calloc(1, sizeof *closed);

    if (closed)
        closed->frame = tl_buf_new(TL_FRAME_BYTES);
    if (!closed || !closed->frame) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for another batch of links");
        return NULL;
    }
    closed->number = ++self->numbers;
    closed->links = self->item_count;
    tl_register message = {epoch, closed->number,
                           tl_list_of(self->items, self->item_count)};
    if (tl_encode(&TL_REGISTER, &message, closed->frame, err) != TL_OK)
        return NULL;
    tl_buf_clear(self->items);
    self->item_count = 0;
    self->bytes += tl_buf_size(closed->frame);
    *(self->last ? &self->last->next : &self->first) = closed;
    self->last = TL_GIVE(closed);
    return self->last;
}

const batch *
batches_next(const batches *self, const batch *before)
{
    return before ? before->next : self->first;
}

const tl_buf *
batch_frame(const batch *self)
{
    return self->frame;
}

static batch *
take(batches *self, uint64_t number)
{
    batch *before = NULL;
    batch *each = self->first;

    for (; each && each->number != number; each = each->next)
        before = each;
    if (!each)
        return NULL;
    *(before ? &before->next : &self->first) = each->next;
    if (self->last == each)
        self->last = before;
    self->links -= each->links;
    self->bytes -= tl_buf_size(each->frame);
    return each;
}

static tl_fault
add_to_ledger(ledger *into, const tl_link *link, const tl_place *place, int64_t now_ms,
              tl_error *err)
{
    ledger_link entry = {.id = place->id, .url = link->url, .name = place->name};

    if (place->verdict != TL_PENDING)
        return TL_OK; /* ended in an earlier session, a duplicate, or malformed */
    if (place->name.size == 0)
        return tl_fail(err, TL_MALFORMED, "registered: a pending link without a name");
    memcpy(entry.key, link->key.at, sizeof entry.key);
    return ledger_add(into, &entry, now_ms, err);
}

tl_fault
batches_answer(batches *self, const tl_registered *answer, ledger *into, int64_t now_ms,
               tl_error *err)
{
    TL_SCOPED(destroy_batch) batch *done = take(self, answer->batch);
    tl_register asked;

    if (!done)
        return TL_OK; /* the answer to a repetition */
    tl_fault fault = tl_decode(&TL_REGISTER, &asked, tl_buf_bytes(done->frame),
                               tl_buf_size(done->frame), err);
    assert(fault == TL_OK); /* it is our own */
    if (answer->places.count != asked.links.count)
        return tl_fail(err, TL_MALFORMED, "registered: %zu places for %zu links",
                       answer->places.count, asked.links.count);
    tl_list links = asked.links;
    tl_list places = answer->places;
    tl_link link;
    tl_place place;
    while (fault == TL_OK && tl_list_next(&links, &TL_LINK, &link) &&
           tl_list_next(&places, &TL_PLACE, &place))
        fault = add_to_ledger(into, &link, &place, now_ms, err);
    return fault;
}

size_t
batches_links(const batches *self)
{
    return self->links;
}

size_t
batches_bytes(const batches *self)
{
    return self->bytes + tl_buf_size(self->items);
}

size_t
batches_filling(const batches *self)
{
    return self->item_count;
}
