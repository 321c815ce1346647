#include "sink/pace.h"

enum {
    HOLD_MS = TL_REPEAT_MS / 2, /* an answer that comes later is asked for again */
    HUNGRY_LINKS = 8192,        /* with fewer to send, a ventilator waits for ids */
};

_Static_assert((int) HOLD_MS >= (int) TL_COMMIT_MS,
               "registers wait at least as long as reports");

int64_t
pace_registers(const group *waiting, uint64_t pending, int64_t now_ms)
{
    if (waiting->register_count == 0)
        return INT64_MAX;
    if (group_registers_full(waiting) || pending < HUNGRY_LINKS + waiting->report_count)
        return now_ms;

    /* Thousands at once share the pages of the indexes, so wait while they come. */
    int64_t pause = waiting->last_register_ms + TL_COMMIT_MS;
    int64_t limit = waiting->first_register_ms + HOLD_MS;
    return pause < limit ? pause : limit;
}

int64_t
pace_reports(const group *waiting, uint64_t pending, int64_t now_ms)
{
    if (waiting->report_count == 0)
        return INT64_MAX;
    /* Where as many wait as are pending, nothing is left to wait for. */
    if (group_reports_full(waiting) || waiting->report_count >= pending)
        return now_ms;
    return waiting->first_report_ms + TL_COMMIT_MS;
}
