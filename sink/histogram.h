/* histogram — how long things took: percentiles of any number of times in fixed memory.
 *
 * Why it exists: the mean hides what people wait for, and keeping every value does not
 * scale. 64 buckets for each doubling are right to 1 % everywhere. */
#ifndef SINK_HISTOGRAM_H
#define SINK_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_FINE = 64,    /* buckets for each doubling */
    HISTOGRAM_OCTAVES = 36, /* 2^43 us are 101 days; more counts as that */
    HISTOGRAM_BUCKETS = 2 * HISTOGRAM_FINE + HISTOGRAM_OCTAVES * HISTOGRAM_FINE,
};

/* All zero is empty. */
typedef struct {
    uint64_t count;
    uint64_t most;
    uint64_t buckets[HISTOGRAM_BUCKETS];
} histogram;

void histogram_add(histogram *self, uint64_t value);

/* The value that `percent` of all do not exceed, within 1 %; 0 when empty. */
uint64_t histogram_percentile(const histogram *self, double percent);

#endif
