#include "sink/record_inside.h"

static void
bind_report(record_query *add, const tl_report *report)
{
    const uint64_t picture[] = {report->width, report->height, report->thumb_width,
                                report->thumb_height, report->thumb_bytes};
    const uint64_t times[] = {report->queued, report->dns,        report->connect,
                              report->tls,    report->first_byte, report->body,
                              report->shrink, report->store};

    record_query_number(add, 2, report->id);
    record_query_number(add, 3, report->verdict);
    record_query_number(add, 4, report->fault);
    record_query_text(add, 6, report->worker);
    record_query_number(add, 7, report->attempt);
    record_query_number(add, 8, report->http);
    record_query_text(add, 9, report->url);
    record_query_text(add, 10, report->type);
    record_query_number(add, 11, report->bytes);
    record_query_bytes(add, 12, report->sha256.at, report->sha256.size);
    for (int i = 0; i < (int) (sizeof picture / sizeof picture[0]); i++)
        record_query_number(add, 13 + i, picture[i]);
    record_query_text(add, 18, report->name);
    record_query_text(add, 19, report->thumb);
    for (int i = 0; i < (int) (sizeof times / sizeof times[0]); i++)
        record_query_number(add, 20 + i, times[i]);
    record_query_text(add, 28, report->detail);
}

static tl_fault
has_link(record *self, uint64_t id, bool *has, tl_error *err)
{
    record_query *find = self->queries[RECORD_HAS_LINK];

    record_query_number(find, 1, id);
    tl_fault fault = record_next(self, RECORD_HAS_LINK, has, err);
    record_query_reset(find);
    return fault;
}

static tl_fault
add_report(void *context, uint64_t seq, const tl_report *report, store_outcome *outcome,
           tl_error *err)
{
    record *self = context;
    record_query *add = self->queries[RECORD_ADD_REPORT];
    bool known = false;

    record_query_number(add, 1, seq);
    record_query_number(add, 5, (uint64_t) self->now_ms);
    bind_report(add, report);
    if (record_run(self, RECORD_ADD_REPORT, err) != TL_OK)
        return err->fault;
    *outcome = STORE_ADDED;
    if (record_sql_changed(self->sql))
        return TL_OK;
    if (has_link(self, report->id, &known, err) != TL_OK)
        return err->fault;
    *outcome = known ? STORE_ENDED_BEFORE : STORE_NO_SUCH_LINK;
    return TL_OK;
}

static tl_fault
reopen(void *context, uint64_t id, tl_error *err)
{
    record *self = context;

    record_query_number(self->queries[RECORD_REOPEN], 1, id);
    return record_run(self, RECORD_REOPEN, err);
}

static tl_fault
settled(void *context, uint64_t after, store_take_settled *take, void *taker,
        tl_error *err)
{
    record *self = context;
    record_query *walk = self->queries[RECORD_SETTLED];
    tl_fault fault = TL_OK;
    bool more = true;

    record_query_number(walk, 1, after);
    while (more && (fault = record_next(self, RECORD_SETTLED, &more, err)) == TL_OK &&
           more)
        more = take(taker, record_query_get(walk, 0), record_query_get(walk, 1));
    record_query_reset(walk);
    return fault;
}

void
record_fill_reports(store *of)
{
    of->add_report = add_report;
    of->reopen = reopen;
    of->settled = settled;
}

static void
count_report(record_query *row, tally *counts)
{
    const tl_report report = {
        .verdict = record_query_get(row, 0),
        .fault = record_query_get(row, 1),
        .worker = record_query_get_text(row, 2),
        .bytes = record_query_get(row, 3),
        .queued = record_query_get(row, 4),
        .dns = record_query_get(row, 5),
        .connect = record_query_get(row, 6),
        .tls = record_query_get(row, 7),
        .first_byte = record_query_get(row, 8),
        .body = record_query_get(row, 9),
        .shrink = record_query_get(row, 10),
        .store = record_query_get(row, 11),
    };

    /* A file may hold anything; what makes no sense is not counted. */
    if (report.verdict > TL_PENDING && report.verdict < TL_VERDICTS &&
        tl_fault_ends_link(report.fault))
        tally_end(counts, &report);
}

tl_fault
record_count(record *self, tally *counts, tl_error *err)
{
    record_query *walk = self->queries[RECORD_REPORTS];
    uint64_t links = 0;
    uint64_t duplicates = 0;
    bool more = true;

    /* Each link has a slot, and slots are smaller. */
    if (record_sql_number(self->sql, "SELECT count(*) FROM key_slot", &links, err) !=
            TL_OK ||
        record_sql_number(self->sql, record_texts[RECORD_COUNT_DUPLICATES], &duplicates,
                          err) != TL_OK)
        return err->fault;
    tally_register(counts, links);
    tally_set_duplicates(counts, duplicates);

    tl_fault fault = TL_OK;
    while ((fault = record_next(self, RECORD_REPORTS, &more, err)) == TL_OK && more)
        count_report(walk, counts);
    record_query_reset(walk);
    return fault;
}
