/* record — the run's one durable state: an SQLite file (schema.sql).
 *
 * Why it exists: whatever is killed or unplugged, what this file says has happened. It is
 * written ahead and synced at each commit (WAL, synchronous=FULL), so that its word
 * survives a power cut. One sink at a time uses it; anybody may read along. */
#ifndef SINK_RECORD_H
#define SINK_RECORD_H

#include "sink/store.h"
#include "sink/tally.h"

typedef struct record record;

/* Open the record, or make it where there is none. TL_RECORD, naming the file, if it
 * cannot be used: not ours, of a newer release, in use, not permitted. */
record *record_open(const char *file, tl_error *err);
void record_close(record **self_p);

/* The record as the book sees it. */
const store *record_store(const record *self);

/* Fill the tally with what the record holds. */
tl_fault record_count(record *self, tally *counts, tl_error *err);

#endif
