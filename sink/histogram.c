#include "sink/histogram.h"

#include <stddef.h>

enum { DIRECT = 2 * HISTOGRAM_FINE };

/* Below DIRECT each value has a bucket; above, the value's leading bits choose it. */
static size_t
bucket_of(uint64_t value)
{
    if (value < DIRECT)
        return (size_t) value;
    unsigned octave = 63U - (unsigned) __builtin_clzll(value) - 6U; /* of FINE, from 1 */
    if (octave > HISTOGRAM_OCTAVES)
        return HISTOGRAM_BUCKETS - 1;
    return (size_t) octave * HISTOGRAM_FINE + (size_t) (value >> octave);
}

/* The middle of the values that share a bucket. */
static uint64_t
value_of(size_t bucket)
{
    if (bucket < DIRECT)
        return bucket;
    unsigned octave = (unsigned) (bucket / HISTOGRAM_FINE) - 1U;
    uint64_t lead = bucket - (size_t) octave * HISTOGRAM_FINE;
    return (lead << octave) + ((uint64_t) 1 << octave) / 2;
}

void
histogram_add(histogram *self, uint64_t value)
{
    self->count++;
    self->buckets[bucket_of(value)]++;
    if (value > self->most)
        self->most = value;
}

uint64_t
histogram_percentile(const histogram *self, double percent)
{
    double rank = percent / 100 * (double) self->count;
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += self->buckets[i];
        if (seen > 0 && (double) seen >= rank) {
            uint64_t value = value_of(i);
            return value < self->most ? value : self->most;
        }
    }
    return self->most;
}
