/* sweep — ends the pending links that nobody will work on any more, a chunk at a time.
 *
 * Why it exists: a run that is cut short, or a list that has lost lines, may leave
 * millions of links pending. Each turn of the loop cancels some, so that messages,
 * progress and signals get theirs in between. */
#ifndef SINK_SWEEP_H
#define SINK_SWEEP_H

#include "sink/scribe.h"

/* The source has ended: what is not on the list any more goes, unless all is kept. */
sweep sweep_listed(const tl_listed *message);

/* The run is cut short: everything goes. */
sweep sweep_stop(const tl_stop *message);

/* The next chunk; after the last one the ventilator is told. */
tl_fault sweep_go_on(sweep *self, scribe *record, tl_error *err);

#endif
