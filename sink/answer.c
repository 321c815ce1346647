#include "sink/answer.h"

uint64_t
answer_pending(const tally *counts)
{
    return tally_count(counts, TL_PENDING);
}

uint64_t
answer_cut_short(const tally *counts)
{
    return tally_count(counts, TL_CANCELLED) -
           tally_faults(counts, TL_CANCELLED, TL_NOT_LISTED);
}

void
answer_open(const scribe *of, const tl_open *open, tl_opened report)
{
    const store_run *run = &of->run;
    const tally *counts = of->tally;

    report.instance = open->instance;
    report.run = run->run;
    report.epoch = run->epoch;
    report.seq = of->chain.seq;
    report.links = tally_links(counts);
    report.complete =
        run->listed != 0 && answer_pending(counts) == 0 && answer_cut_short(counts) == 0;
    (void) voice_say(of->voice, &TL_OPENED, &report);
}

void
answer_end(const scribe *of)
{
    const tally *counts = of->tally;
    const tl_complete answer = {
        .epoch = of->run.epoch,
        .pending = answer_pending(counts),
        .done = tally_count(counts, TL_DONE),
        .failed = tally_count(counts, TL_FAILED),
        .lost = tally_count(counts, TL_LOST),
        .skipped = tally_count(counts, TL_SKIPPED),
        .duplicate = tally_count(counts, TL_DUPLICATE),
        .unchanged = tally_count(counts, TL_UNCHANGED),
        .cancelled = tally_count(counts, TL_CANCELLED),
    };

    (void) voice_say(of->voice, &TL_COMPLETE, &answer);
}

typedef struct {
    tl_buf *items;
    size_t count;
    size_t limit;
    bool more;
    tl_error *err; /* memory is out */
} page;

static bool
take(void *context, const tl_page_link *link)
{
    enum { AROUND = 64 }; /* keys, numbers and lengths of an item */
    page *self = context;
    size_t size = link->url.size + link->name.size + link->key.size + AROUND;

    self->more =
        self->count == self->limit || size > TL_BATCH_BYTES - tl_buf_size(self->items);
    if (self->more || tl_list_add(self->items, &TL_PAGE_LINK, link, self->err) != TL_OK)
        return false;
    self->count++;
    return true;
}

tl_fault
answer_page(const scribe *of, const tl_pending *request, tl_error *err)
{
    const store *record = of->record;
    page found = {.items = voice_items(of->voice), .limit = request->limit, .err = err};

    err->fault = TL_OK;
    const store_walk walk = {request->after, STORE_ANY_EPOCH, take, &found};
    if (record->pending(record->self, &walk, err) != TL_OK || err->fault != TL_OK)
        return err->fault;
    const tl_page answer = {of->run.epoch, request->after, found.more,
                            tl_list_of(found.items, found.count)};
    (void) voice_say(of->voice, &TL_PAGE, &answer);
    return TL_OK;
}

void
answer_heard(const scribe *of, const char *message)
{
    const tl_heard answer = {of->run.epoch, tl_view(message)};

    (void) voice_say(of->voice, &TL_HEARD, &answer);
}

void
answer_other_run(const scribe *of, const tl_open *open, tl_error *why)
{
    enum { TITLE_BYTES = 200 }; /* two of them and the advice fit into a message */
    char other[TITLE_BYTES + 1];

    (void) tl_fail(
        why, TL_REFUSED,
        "the record holds the run of '%.*s', not of '%s': give the sink another "
        "--record, or start with the same list and options as before",
        TITLE_BYTES, of->run.title, tl_view_copy(open->title, other, sizeof other));
}
