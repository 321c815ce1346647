#include "proto/clock.h"

#include <time.h>

static int64_t
read_us(clockid_t clock)
{
    struct timespec now = {0};

    (void) clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
tl_now_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t
tl_now_ms(void)
{
    return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
tl_wall_ms(void)
{
    return read_us(CLOCK_REALTIME) / 1000;
}
