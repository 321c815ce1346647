#include "worker/share.h"

#include <string.h>

static size_t
count_hungry(const uint32_t *wanted, const uint32_t *parts, size_t count)
{
    size_t hungry = 0;

    for (size_t i = 0; i < count; i++)
        hungry += parts[i] < wanted[i];
    return hungry;
}

void
share_split(uint32_t total, const uint32_t *wanted, uint32_t *parts, size_t count)
{
    memset(parts, 0, count * sizeof *parts);
    /* Pour an equal measure into every glass that is not full, until all is poured. */
    while (total > 0) {
        size_t hungry = count_hungry(wanted, parts, count);
        if (hungry == 0)
            return;

        uint32_t measure = total / (uint32_t) hungry;
        for (size_t i = 0; i < count && total > 0; i++) {
            uint32_t missing = wanted[i] - parts[i];
            uint32_t more = measure > 0 ? measure : 1;

            more = more < missing ? more : missing;
            parts[i] += more;
            total -= more;
        }
    }
}
