#include "sink/group.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

group *
group_new(uint64_t run)
{
    group *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->run = run;
    self->register_frames.bytes = malloc(GROUP_BYTES);
    self->report_frames.bytes = malloc(GROUP_BYTES);
    self->links = calloc(GROUP_LINKS, sizeof *self->links);
    self->reports = calloc(GROUP_REPORTS, sizeof *self->reports);
    if (!self->register_frames.bytes || !self->report_frames.bytes || !self->links ||
        !self->reports)
        group_destroy(&self);
    return self;
}

void
group_destroy(group **self_p)
{
    assert(self_p);
    group *self = *self_p;
    if (!self)
        return;
    free(self->register_frames.bytes);
    free(self->report_frames.bytes);
    free(self->links);
    free(self->reports);
    free(self);
    *self_p = NULL;
}

static bool
is_roomy(const group_frames *frames)
{
    return GROUP_BYTES - frames->used >= TL_FRAME_BYTES;
}

bool
group_registers_full(const group *self)
{
    return self->register_count == GROUP_REGISTERS || !is_roomy(&self->register_frames);
}

bool
group_reports_full(const group *self)
{
    return self->report_count >= TL_COMMIT_REPORTS || !is_roomy(&self->report_frames);
}

/* A copy of the frame that stays where it is; counted as used by keep(). */
static const uint8_t *
copy(group_frames *frames, const void *bytes, size_t size, tl_error *err)
{
    if (size > GROUP_BYTES - frames->used) {
        (void) tl_fail(err, TL_TOO_LARGE, "a frame of %zu bytes", size);
        return NULL;
    }
    return memcpy(frames->bytes + frames->used, bytes, size);
}

static bool
has_batch(const group *self, uint64_t batch)
{
    for (size_t i = 0; i < self->register_count; i++)
        if (self->registers[i].batch == batch)
            return true;
    return false;
}

tl_fault
group_read_register(group *self, tl_register *message, const void *bytes, size_t size,
                    tl_error *err)
{
    assert(!group_registers_full(self));
    const uint8_t *frame = copy(&self->register_frames, bytes, size, err);

    return frame ? tl_decode(&TL_REGISTER, message, frame, size, err) : err->fault;
}

void
group_keep_register(group *self, const tl_register *message, size_t size, int64_t now_ms)
{
    tl_list rest = message->links;

    if (has_batch(self, message->batch))
        return;
    for (tl_link link; tl_list_next(&rest, &TL_LINK, &link);) {
        /* The fault becomes the link's end, so it must be one that may end a link. */
        if (!tl_fault_ends_link(link.fault) || (!link.fault && link.url.size == 0))
            link.fault = TL_URL_INVALID;
        self->links[self->link_count++].said = link;
    }
    self->registers[self->register_count++] =
        (group_register){message->batch, message->links.count};
    self->register_frames.used += size;
    if (self->register_count == 1)
        self->first_register_ms = now_ms;
    self->last_register_ms = now_ms;
}

static void
keep_report(group *self, const tl_report *report, int64_t now_ms)
{
    assert(self->report_count < GROUP_REPORTS);
    if (self->report_count == 0)
        self->first_report_ms = now_ms;
    self->reports[self->report_count++] = (group_report){*report, STORE_ADDED};
}

/* Which verdicts a worker may speak, and with which faults. */
static bool
is_plausible(const tl_report *report)
{
    bool speakable = report->verdict == TL_DONE || report->verdict == TL_FAILED ||
                     report->verdict == TL_SKIPPED || report->verdict == TL_UNCHANGED;

    return speakable && tl_fault_ends_link(report->fault) &&
           (report->verdict != TL_FAILED || report->fault != TL_OK);
}

tl_fault
group_add_report(group *self, const void *bytes, size_t size, int64_t now_ms,
                 tl_error *err)
{
    assert(!group_reports_full(self));
    const uint8_t *frame = copy(&self->report_frames, bytes, size, err);
    tl_report report;

    if (!frame || tl_decode(&TL_REPORT, &report, frame, size, err) != TL_OK)
        return err->fault;
    if (report.run != self->run)
        return tl_fail(err, TL_MALFORMED, "a report of worker %.*s for another run",
                       (int) report.worker.size, report.worker.at);
    if (!is_plausible(&report))
        return tl_fail(err, TL_MALFORMED,
                       "a report of worker %.*s with verdict %u, fault %u",
                       (int) report.worker.size, report.worker.at,
                       (unsigned) report.verdict, (unsigned) report.fault);
    self->report_frames.used += size;
    keep_report(self, &report, now_ms);
    return TL_OK;
}

void
group_add_ruling(group *self, const tl_ruling *ruling, int64_t now_ms)
{
    const tl_report report = {
        .run = self->run,
        .id = ruling->id,
        .attempt = ruling->tries,
        .verdict = ruling->verdict,
        .fault = ruling->fault,
        .http = ruling->http,
    };

    keep_report(self, &report, now_ms);
}

void
group_clear_registers(group *self)
{
    self->register_frames.used = 0;
    self->register_count = 0;
    self->link_count = 0;
}

void
group_clear_reports(group *self)
{
    self->report_frames.used = 0;
    self->report_count = 0;
}
