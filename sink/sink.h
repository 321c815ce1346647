/* sink — the loop: messages in, the book's work, answers out, progress shown.
 *
 * Why it exists: here the pure book meets sockets, the clock, signals and the screen, and
 * only here something is logged. */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include "proto/interrupt.h"
#include "proto/options.h"

typedef struct sink sink;

/* Opens the record, then the ports. TL_USAGE, TL_RECORD, TL_REFUSED, TL_CANNOT_START. */
sink *sink_new(const tl_options *options, tl_interrupt *interrupt, tl_error *err);
void sink_destroy(sink **self_p);

/* Until the run is over or a signal comes; prints the summary. `code` is what to exit
 * with. TL_RECORD when the record cannot be used any more. */
tl_fault sink_run(sink *self, int *code, tl_error *err);

#endif
