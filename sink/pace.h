/* pace — when the next commit is due.
 *
 * Why it exists: a commit that survives a power cut takes milliseconds, and each page of
 * an index that it touches takes microseconds, so what comes in waits for company; but
 * never where somebody has nothing else to do meanwhile. */
#ifndef SINK_PACE_H
#define SINK_PACE_H

#include "sink/group.h"

/* The moment at which the registers, or the reports, that wait are to be written, given
 * how many links are pending; INT64_MAX if none wait. */
int64_t pace_registers(const group *waiting, uint64_t pending, int64_t now_ms);
int64_t pace_reports(const group *waiting, uint64_t pending, int64_t now_ms);

#endif
