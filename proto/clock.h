/* clock — monotonic time, read at the top of a loop and nowhere below it.
 *
 * Why it exists: deadlines must not move with the wall clock, and the state machines
 * take time as an argument so that tests run a year in a microsecond. */
#ifndef TL_CLOCK_H
#define TL_CLOCK_H

#include <stdint.h>

/* Milliseconds, and microseconds, since some fixed moment; never goes back. */
int64_t tl_now_ms(void);
int64_t tl_now_us(void);

/* Wall-clock milliseconds since 1970, for people and files only. */
int64_t tl_wall_ms(void);

#endif
