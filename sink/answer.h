/* answer — what a ventilator is told about the run as it stands.
 *
 * Why it exists: these answers only read what scribe has written; the book decides when
 * they are given. */
#ifndef SINK_ANSWER_H
#define SINK_ANSWER_H

#include "sink/scribe.h"

/* Links that have not ended; those that were cut short rather than taken off the list. */
uint64_t answer_pending(const tally *counts);
uint64_t answer_cut_short(const tally *counts);

/* `report` has the endpoint for workers; the rest is filled in here. */
void answer_open(const scribe *of, const tl_open *open, tl_opened report);
void answer_end(const scribe *of);
tl_fault answer_page(const scribe *of, const tl_pending *request, tl_error *err);
void answer_heard(const scribe *of, const char *message);

/* Why a ventilator of another run is turned away. */
void answer_other_run(const scribe *of, const tl_open *open, tl_error *why);

#endif
