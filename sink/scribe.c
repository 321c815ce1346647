#include "sink/scribe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SETTLED_MOST = GROUP_LINKS + GROUP_REPORTS };

tl_fault
scribe_start(scribe *self, const store *record, tally *counts, voice *speech,
             tl_error *err)
{
    *self = (scribe){.record = record, .tally = counts, .voice = speech};
    if (record->load(record->self, &self->run, err) != TL_OK)
        return err->fault;
    self->registry = registry_new(record, GROUP_LINKS);
    self->group = group_new(self->run.run);
    self->settled = calloc(SETTLED_MOST, sizeof *self->settled);
    self->again = calloc(GROUP_REPORTS, sizeof *self->again);
    if (!self->registry || !self->group || !self->settled || !self->again)
        return tl_fail(err, TL_NO_MEMORY, "starting the book");
    self->chain = (chain){
        .record = record, .voice = speech, .seq = self->run.seq, .said = self->run.seq};
    return TL_OK;
}

void
scribe_end(scribe *self)
{
    registry_destroy(&self->registry);
    group_destroy(&self->group);
    free(self->settled);
    free(self->again);
    self->settled = NULL;
    self->again = NULL;
}

static tl_fault
begin(scribe *self, tl_error *err)
{
    self->settled_count = 0;
    self->again_count = 0;
    return self->record->begin(self->record->self, err);
}

/* The end of a transaction: commit if all went well, else undo it. */
static tl_fault
finish(scribe *self, tl_fault so_far, tl_error *err)
{
    if (so_far == TL_OK)
        so_far = self->record->commit(self->record->self, err);
    if (so_far != TL_OK)
        self->record->rollback(self->record->self);
    return so_far;
}

static tl_fault
write_end(scribe *self, const tl_report *report, store_outcome *outcome, tl_error *err)
{
    uint64_t seq = self->chain.seq + self->settled_count + 1;

    if (self->record->add_report(self->record->self, seq, report, outcome, err) != TL_OK)
        return err->fault;
    if (*outcome == STORE_ADDED)
        self->settled[self->settled_count++] = report->id;
    return TL_OK;
}

/* ---- the group -------------------------------------------------------------------- */

/* Malformed lines end as they are registered. */
static tl_report
malformed(const registry_link *link)
{
    return (tl_report){.id = link->id, .verdict = TL_FAILED, .fault = link->said.fault};
}

static bool
is_malformed(const registry_link *link)
{
    return link->fresh && link->said.fault != TL_OK;
}

/* What placing the links means for the rest of the record. */
static tl_fault
write_consequences(scribe *self, tl_error *err)
{
    const store *record = self->record;
    bool reopened = false;

    for (size_t i = 0; i < self->group->link_count; i++) {
        const registry_link *link = &self->group->links[i];
        const tl_report report = malformed(link);
        store_outcome outcome;

        reopened |= link->undone != 0;
        if (is_malformed(link) && write_end(self, &report, &outcome, err) != TL_OK)
            return err->fault;
    }
    /* Reports are gone that may have been the chain's last ones. */
    if (reopened && record->keep_seq(record->self, self->chain.seq, err) != TL_OK)
        return err->fault;
    /* A new epoch lists again: until its end the list is not complete. */
    if (self->run.listed != 0 && self->run.listed != self->run.epoch)
        return record->set_listed(record->self, 0, 0, err);
    return TL_OK;
}

static tl_fault
write_registers(scribe *self, tl_error *err)
{
    group *waiting = self->group;

    const registry_batch batch = {self->run.epoch, self->run.last_id + 1, waiting->links,
                                  waiting->link_count};

    if (registry_place(self->registry, &batch, err) != TL_OK)
        return err->fault;
    return write_consequences(self, err);
}

static tl_fault
write_reports(scribe *self, tl_error *err)
{
    for (size_t i = 0; i < self->group->report_count; i++) {
        group_report *waiting = &self->group->reports[i];

        if (write_end(self, &waiting->report, &waiting->outcome, err) != TL_OK)
            return err->fault;
        if (waiting->outcome == STORE_ENDED_BEFORE)
            self->again[self->again_count++] = waiting->report.id;
    }
    return TL_OK;
}

static void
answer_register(scribe *self, const group_register *message, const registry_link *links)
{
    tl_buf *items = voice_items(self->voice);
    tl_error err;

    for (size_t i = 0; i < message->count; i++) {
        bool pending = links[i].verdict == TL_PENDING;
        const tl_place place = {links[i].id, links[i].verdict,
                                tl_view(pending ? links[i].name : "")};

        if (tl_list_add(items, &TL_PLACE, &place, &err) != TL_OK)
            return; /* memory is out: the ventilator will ask again */
    }
    const tl_registered answer = {self->run.epoch, message->batch,
                                  tl_list_of(items, message->count)};
    (void) voice_say(self->voice, &TL_REGISTERED, &answer);
}

static void
settle_registers(scribe *self)
{
    group *waiting = self->group;
    uint64_t duplicates = tally_count(self->tally, TL_DUPLICATE);

    for (size_t i = 0; i < waiting->link_count; i++) {
        const registry_link *link = &waiting->links[i];
        const tl_report report = malformed(link);

        duplicates += link->repeated;
        if (link->undone)
            tally_reopen(self->tally, link->undone);
        if (link->fresh) {
            tally_register(self->tally, 1);
            self->run.last_id = link->id;
        }
        if (is_malformed(link))
            tally_end(self->tally, &report);
    }
    tally_set_duplicates(self->tally, duplicates);
    if (self->run.listed != self->run.epoch)
        self->run.listed = 0;

    const registry_link *next = waiting->links;
    for (size_t i = 0; i < waiting->register_count; i++) {
        answer_register(self, &waiting->registers[i], next);
        next += waiting->registers[i].count;
    }
    group_clear_registers(waiting);
}

static void
settle_reports(scribe *self)
{
    for (size_t i = 0; i < self->group->report_count; i++) {
        const group_report *written = &self->group->reports[i];

        if (written->outcome == STORE_ADDED)
            tally_end(self->tally, &written->report);
        self->strangers += written->outcome == STORE_NO_SUCH_LINK;
    }
    group_clear_reports(self->group);
}

tl_fault
scribe_write_group(scribe *self, bool registers, tl_error *err)
{
    const store *record = self->record;
    bool nothing = self->group->link_count + self->group->report_count == 0;

    registers = registers && self->group->register_count > 0;
    tl_fault fault = begin(self, err);
    if (fault == TL_OK && nothing)
        fault = record->keep_seq(record->self, self->chain.seq, err);
    if (fault == TL_OK && registers)
        fault = write_registers(self, err);
    if (fault == TL_OK)
        fault = write_reports(self, err);
    if (finish(self, fault, err) != TL_OK)
        return err->fault;

    if (registers)
        settle_registers(self);
    settle_reports(self);
    chain_extend(&self->chain, self->settled, self->settled_count);
    chain_repeat(&self->chain, self->again, self->again_count);
    return TL_OK;
}

/* ---- the run ---------------------------------------------------------------------- */

tl_fault
scribe_write_open(scribe *self, const tl_open *open, tl_error *err)
{
    const store *record = self->record;
    tl_fault fault = begin(self, err);

    if (fault == TL_OK)
        fault = record->open(record->self, open, self->run.epoch + 1, err);
    if (finish(self, fault, err) != TL_OK)
        return err->fault;

    self->run.epoch++;
    if (!self->run.named)
        (void) tl_view_copy(open->title, self->run.title, sizeof self->run.title);
    self->run.named = true;
    memcpy(self->run.name, open->name.at, TL_KEY_BYTES);
    /* What came before is in its answers; the chain goes on from here. */
    self->chain.said = self->chain.seq;
    self->chain.syncing = false;
    return TL_OK;
}

typedef struct {
    uint64_t *ids;
    size_t count;
    bool more;
} haul;

static bool
take_id(void *context, const tl_page_link *link)
{
    haul *found = context;

    found->more = found->count == TL_COMMIT_REPORTS;
    if (!found->more)
        found->ids[found->count++] = link->id;
    return !found->more;
}

tl_fault
scribe_write_cancelled(scribe *self, sweep *job, tl_error *err)
{
    const store *record = self->record;
    tl_report end = {.verdict = TL_CANCELLED, .fault = job->fault};
    haul found = {.ids = self->again}; /* nothing is repeated in this transaction */
    const store_walk walk = {job->after, job->before, take_id, &found};

    if (record->pending(record->self, &walk, err) != TL_OK)
        return err->fault;
    tl_fault fault = begin(self, err);
    for (size_t i = 0; i < found.count && fault == TL_OK; i++) {
        store_outcome outcome;

        end.id = found.ids[i];
        fault = write_end(self, &end, &outcome, err);
    }
    if (finish(self, fault, err) != TL_OK)
        return err->fault;

    for (size_t i = 0; i < self->settled_count; i++)
        tally_end(self->tally, &end);
    chain_extend(&self->chain, self->settled, self->settled_count);
    if (found.count > 0)
        job->after = found.ids[found.count - 1];
    job->more = found.more;
    return TL_OK;
}

tl_fault
scribe_write_listed(scribe *self, uint64_t before, uint64_t lines, tl_error *err)
{
    const store *record = self->record;
    uint64_t duplicates = 0;
    tl_fault fault = begin(self, err);

    if (fault == TL_OK)
        fault = record->set_listed(record->self, self->run.epoch, lines, err);
    if (fault == TL_OK)
        fault = record->forget_duplicates(record->self, before, &duplicates, err);
    if (finish(self, fault, err) != TL_OK)
        return err->fault;

    self->run.listed = self->run.epoch;
    tally_set_duplicates(self->tally, duplicates);
    return TL_OK;
}
