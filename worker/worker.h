/* worker — one event loop that turns tasks into pictures and reports.
 *
 * Why it exists: everything a worker waits for (ventilators, lanes, the sink, web
 * servers, helpers, the disk, signals) is waited for in one place, so that nothing needs
 * a lock and nothing can block anything else. It holds nothing that matters: kill it and
 * its ventilators give its links to others. */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "proto/interrupt.h"
#include "proto/options.h"

typedef struct worker worker;

/* Everything that can fail at the start fails here: TL_USAGE, TL_CANNOT_START. What
 * interrupts us outlives the worker. */
worker *worker_new(const tl_options *options, tl_interrupt *interrupt, tl_error *err);
void worker_destroy(worker **self_p);

/* Work until told to leave. True: everything begun was finished. False: it was told
 * twice, and left at once. */
bool worker_run(worker *self);

#endif
