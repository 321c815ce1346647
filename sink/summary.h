/* summary — what a run comes to, for people: "Took 12.43 s" and what follows.
 *
 * Why it exists: it is what is left on the screen, so it answers the first questions: is
 * it all there, what failed and why, how fast was it, where did the time go, who did it.
 */
#ifndef SINK_SUMMARY_H
#define SINK_SUMMARY_H

#include <stdio.h>

#include "sink/tally.h"

/* `done_before`: links that an earlier session had done; speeds are of this session. */
void summary_print(FILE *out, const tally *counts, int64_t took_ms, uint64_t done_before);

#endif
