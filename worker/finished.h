/* finished — what a ventilator is still to be told about links that left this worker.
 *
 * Why it exists: `done` and `returned` are collected for some milliseconds, since one
 * message a link costs more than the link; and both must leave before the heartbeat that
 * omits the link, or its ventilator believes that it was lost. */
#ifndef WORKER_FINISHED_H
#define WORKER_FINISHED_H

#include "worker/control.h"

typedef struct finished finished;

/* NULL when memory is out. */
finished *finished_new(void);
void finished_destroy(finished **self_p);

void finished_done(finished *self, uint64_t id, int64_t now_ms);
void finished_again(finished *self, const tl_again *again, int64_t now_ms);
void finished_returned(finished *self, uint64_t id, int64_t now_ms);

/* Forget it all: the ventilator that would have to know is gone. */
void finished_clear(finished *self);

/* How many links wait to be told, and since when (INT64_MAX: none). */
size_t finished_count(const finished *self);
int64_t finished_since_ms(const finished *self);

/* Tell all; false if nobody is there, then the rest waits. */
bool finished_tell(finished *self, control *to, uint64_t boot, uint64_t run);

#endif
