/* ventilator — one run from its source to its last settled link.
 *
 * Why it exists: it is the loop that ties the source, the ledger, the fleet and the sink
 * together: read ahead, register, push what is ready, say what is due, until all is
 * settled or the run is cut short. */
#ifndef TL_VENTILATOR_VENTILATOR_H
#define TL_VENTILATOR_VENTILATOR_H

#include "proto/interrupt.h"
#include "proto/options.h"

typedef struct ventilator ventilator;

/* Opens the source and binds the sockets; options and interrupt must outlive it. NULL
 * with TL_USAGE, TL_REFUSED or TL_CANNOT_START. */
ventilator *ventilator_new(const tl_options *options, tl_interrupt *interrupt,
                           tl_error *err);
void ventilator_destroy(ventilator **self_p);

/* Work until the run has ended; *code is for main() to exit with. Fails with what ended
 * it early: refused or fenced by the sink, no sink, an unreadable source, no memory. */
tl_fault ventilator_run(ventilator *self, int *code, tl_error *err);

#endif
