/* scribe — writes what waits into the record, and counts it once it is on disk.
 *
 * Why it exists: numbers in memory may only move after the commit, and a commit may fail
 * (a full disk) and be tried again with the same group. So each change is a write, which
 * touches the record alone, and then a settlement, which cannot fail. */
#ifndef SINK_SCRIBE_H
#define SINK_SCRIBE_H

#include "sink/chain.h"
#include "sink/group.h"
#include "sink/tally.h"

typedef struct {
    const store *record;
    tally *tally;
    voice *voice;
    registry *registry;
    group *group;
    chain chain;
    store_run run;
    uint64_t strangers; /* reports of links that the record does not know */
    uint64_t *settled;  /* ids of the commit at hand, in the chain's order */
    size_t settled_count;
    uint64_t *again; /* ids that had ended before */
    size_t again_count;
} scribe;

/* Pending links that are being ended, chunk by chunk: see sweep.h. */
typedef struct {
    uint64_t fault;  /* that they end with; 0: nothing is being swept */
    uint64_t before; /* spares what this epoch and later ones have registered */
    uint64_t after;  /* the last id that has been looked at */
    bool more;       /* there are others behind it */
    uint64_t lines;  /* of a source that has ended */
} sweep;

/* Loads the run. The tally, which has been filled from the record, and the voice stay the
 * caller's. */
tl_fault scribe_start(scribe *self, const store *record, tally *counts, voice *speech,
                      tl_error *err);
void scribe_end(scribe *self);

/* Write the reports that wait, and the registered links too if `registers`; then answer.
 * With nothing waiting it is a probe of the disk. On failure everything stays as it was.
 */
tl_fault scribe_write_group(scribe *self, bool registers, tl_error *err);

/* Write a new epoch for the ventilator that opens the run. */
tl_fault scribe_write_open(scribe *self, const tl_open *open, tl_error *err);

/* End the next pending links of the sweep as cancelled. */
tl_fault scribe_write_cancelled(scribe *self, sweep *job, tl_error *err);

/* Write that this epoch has seen its source's end, and forget the duplicates that epochs
 * before `before` have found. */
tl_fault scribe_write_listed(scribe *self, uint64_t before, uint64_t lines,
                             tl_error *err);

#endif
