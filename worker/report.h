/* report — what the sink is told about a job that has ended.
 *
 * Why it exists: the job knows everything in its own terms; the message has rows, and
 * what does not fit one of them must be left out rather than cost the report. */
#ifndef WORKER_REPORT_H
#define WORKER_REPORT_H

#include "worker/job.h"

/* Append the report to an empty frame; false when memory is out. */
bool report_make(const job *it, uint64_t run, const char *worker, tl_buf *frame);

/* May the link be tried again, says the ventilator's task and the fault's row? */
bool report_is_premature(const job *it);

#endif
