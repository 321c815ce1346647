#include <string.h>

#include "sink/record_inside.h"

static tl_fault
claim_slot(void *context, uint64_t slot, uint64_t id, uint64_t *holder, tl_error *err)
{
    record *self = context;
    record_query *claim = self->queries[RECORD_CLAIM_SLOT];
    record_query *find = self->queries[RECORD_HOLDER];
    bool row = false;

    record_query_number(claim, 1, slot);
    record_query_number(claim, 2, id);
    if (record_run(self, RECORD_CLAIM_SLOT, err) != TL_OK)
        return err->fault;
    *holder = id;
    if (record_sql_changed(self->sql))
        return TL_OK;

    record_query_number(find, 1, slot);
    tl_fault fault = record_next(self, RECORD_HOLDER, &row, err);
    if (row)
        *holder = record_query_get(find, 0);
    record_query_reset(find);
    return fault;
}

static tl_fault
claim_name(void *context, uint64_t hash, bool *claimed, tl_error *err)
{
    record *self = context;

    record_query_number(self->queries[RECORD_CLAIM_NAME], 1, hash);
    if (record_run(self, RECORD_CLAIM_NAME, err) != TL_OK)
        return err->fault;
    *claimed = record_sql_changed(self->sql);
    return TL_OK;
}

static tl_fault
add_link(void *context, const store_link *link, const tl_link *said, tl_error *err)
{
    record *self = context;
    record_query *add = self->queries[RECORD_ADD_LINK];

    record_query_number(add, 1, link->id);
    record_query_bytes(add, 2, link->key, TL_KEY_BYTES);
    record_query_number(add, 3, link->source);
    record_query_number(add, 4, link->line);
    record_query_number(add, 5, link->epoch);
    record_query_text(add, 6, said->url);
    record_query_text(add, 7, said->extra);
    record_query_text(add, 8, tl_view(link->name));
    return record_run(self, RECORD_ADD_LINK, err);
}

static void
read_link(record_query *row, store_link *link)
{
    tl_text_view key = record_query_get_bytes(row, 0);

    if (key.size == TL_KEY_BYTES)
        memcpy(link->key, key.at, TL_KEY_BYTES);
    link->source = record_query_get(row, 1);
    link->line = record_query_get(row, 2);
    link->epoch = record_query_get(row, 3);
    (void) tl_view_copy(record_query_get_text(row, 4), link->name, sizeof link->name);
    link->verdict = record_query_get(row, 5);
    link->fault = record_query_get(row, 6);
}

static tl_fault
find_link(void *context, uint64_t id, store_link *link, tl_error *err)
{
    record *self = context;
    record_query *find = self->queries[RECORD_FIND_LINK];
    bool row = false;

    *link = (store_link){.id = id};
    record_query_number(find, 1, id);
    tl_fault fault = record_next(self, RECORD_FIND_LINK, &row, err);
    if (row)
        read_link(find, link);
    else if (fault == TL_OK)
        fault = tl_fail(err, TL_RECORD, "link %llu is in the index and nowhere else",
                        (unsigned long long) id);
    record_query_reset(find);
    return fault;
}

static tl_fault
relist(void *context, const store_link *link, tl_error *err)
{
    record *self = context;
    record_query *change = self->queries[RECORD_RELIST];

    record_query_number(change, 1, link->id);
    record_query_number(change, 2, link->source);
    record_query_number(change, 3, link->line);
    record_query_number(change, 4, link->epoch);
    return record_run(self, RECORD_RELIST, err);
}

static tl_fault
run_on_duplicate(record *self, record_statement which, const store_link *link,
                 tl_error *err)
{
    record_query *query = self->queries[which];

    record_query_number(query, 1, link->source);
    record_query_number(query, 2, link->line);
    record_query_number(query, 3, link->epoch);
    record_query_number(query, 4, link->id);
    return record_run(self, which, err);
}

static tl_fault
add_duplicate(void *context, const store_link *link, bool *added, tl_error *err)
{
    record *self = context;

    if (run_on_duplicate(self, RECORD_RENEW_DUPLICATE, link, err) != TL_OK)
        return err->fault;
    *added = !record_sql_changed(self->sql);
    return *added ? run_on_duplicate(self, RECORD_ADD_DUPLICATE, link, err) : TL_OK;
}

static tl_fault
forget_duplicates(void *context, uint64_t before, uint64_t *left, tl_error *err)
{
    record *self = context;

    record_query_number(self->queries[RECORD_FORGET_DUPLICATES], 1, before);
    if (record_run(self, RECORD_FORGET_DUPLICATES, err) != TL_OK)
        return err->fault;
    return record_sql_number(self->sql, record_texts[RECORD_COUNT_DUPLICATES], left, err);
}

static tl_fault
pending(void *context, const store_walk *walk, tl_error *err)
{
    record *self = context;
    record_query *rows = self->queries[RECORD_PENDING];
    tl_fault fault = TL_OK;
    bool more = true;

    record_query_number(rows, 1, walk->after);
    record_query_number(rows, 2, walk->before);
    while (more && (fault = record_next(self, RECORD_PENDING, &more, err)) == TL_OK &&
           more) {
        const tl_page_link link = {
            .id = record_query_get(rows, 0),
            .line = record_query_get(rows, 1),
            .url = record_query_get_text(rows, 2),
            .key = record_query_get_bytes(rows, 3),
            .name = record_query_get_text(rows, 4),
        };

        more = walk->take(walk->context, &link);
    }
    record_query_reset(rows);
    return fault;
}

void
record_fill_links(store *of)
{
    of->claim_slot = claim_slot;
    of->claim_name = claim_name;
    of->add_link = add_link;
    of->find_link = find_link;
    of->relist = relist;
    of->add_duplicate = add_duplicate;
    of->forget_duplicates = forget_duplicates;
    of->pending = pending;
}
