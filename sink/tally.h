/* tally — counts of what ended how, how long it took and who did it.
 *
 * Why it exists: progress, summary and the answer to `end` need numbers at once, for any
 * number of links. The record stays the truth: a resumed one is read through once, and
 * from then on each committed report is counted here. */
#ifndef SINK_TALLY_H
#define SINK_TALLY_H

#include "proto/limits.h"
#include "proto/message.h"
#include "sink/histogram.h"

typedef enum {
    TALLY_QUEUED,
    TALLY_DNS,
    TALLY_CONNECT,
    TALLY_TLS,
    TALLY_FIRST_BYTE,
    TALLY_BODY,
    TALLY_SHRINK,
    TALLY_STORE,
    TALLY_PHASES /* how many there are */
} tally_phase;

typedef struct {
    char name[TL_WORKER_NAME_BYTES + 1];
    uint64_t links; /* that it reported, whatever their end */
    uint64_t done;
    uint64_t bytes;
} tally_worker;

typedef struct tally tally;

tally *tally_new(void);
void tally_destroy(tally **self_p);

/* `links` more are known; `duplicates` of the list's lines name one of them again. */
void tally_register(tally *self, uint64_t links);
void tally_set_duplicates(tally *self, uint64_t duplicates);

/* A link has ended; one that was cancelled with that fault is pending again. */
void tally_end(tally *self, const tl_report *report);
void tally_reopen(tally *self, uint64_t fault);

/* Links with that verdict; for TL_DUPLICATE, lines. */
uint64_t tally_count(const tally *self, uint64_t verdict);

/* Links that have ended, and links there are. */
uint64_t tally_ended(const tally *self);
uint64_t tally_links(const tally *self);

/* Links that ended with that fault: failed, lost, skipped or cancelled. */
uint64_t tally_faults(const tally *self, uint64_t verdict, tl_fault fault);

uint64_t tally_bytes(const tally *self); /* downloaded */

/* Of links that had that phase at all: a kept connection needs no DNS. */
const histogram *tally_times(const tally *self, tally_phase phase);
const char *tally_phase_label(tally_phase phase);

/* Workers in the order in which they were first heard of; NULL past the last. Where there
 * are too many to name, the last one stands for all others. */
const tally_worker *tally_worker_at(const tally *self, size_t index);

#endif
