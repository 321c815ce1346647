/* outbox — reports on their way to the sink.
 *
 * Why it exists: the sink may be slow, restarting or out of reach, and the loop must not
 * wait for it. What the socket does not take now stays here in its order, its links are
 * still held, and after a while a person is told. */
#ifndef WORKER_OUTBOX_H
#define WORKER_OUTBOX_H

#include "worker/ear.h"

typedef struct outbox outbox;

/* NULL with a sentence if the endpoint is no good. The sink need not be there yet. */
outbox *outbox_open(const char *endpoint, bool insecure, int64_t now_ms, tl_error *err);

/* What the socket has taken is still sent (linger); what waits here is dropped. */
void outbox_close(outbox **self_p);

/* The sink is somewhere else now; what waits here goes there. Nothing happens if it is
 * the same place. */
tl_fault outbox_redial(outbox *self, const char *endpoint, bool insecure, int64_t now_ms,
                       tl_error *err);

/* Hand a report over. True: the socket has it. False: it waits here (or, out of memory,
 * nowhere: the link is sent again some day). */
bool outbox_put(outbox *self, uint64_t id, const void *frame, size_t size);

/* Try again: true for each waiting report that the socket took, with its link. */
bool outbox_next_sent(outbox *self, uint64_t *id);

size_t outbox_waiting(const outbox *self);

/* Has the sink been out of reach for TL_SILENT_MS or longer? */
bool outbox_is_stuck(outbox *self, int64_t now_ms);

/* What wakes the loop: the second one only while something waits. */
ear *outbox_monitor_ear(outbox *self);
ear *outbox_ear(outbox *self);

#endif
