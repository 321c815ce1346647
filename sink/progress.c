#include "sink/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    SMOOTH_MS = 3000,     /* older speeds fade in this time */
    HOURS_1000 = 3600000, /* in seconds; who would believe more */
};

void
progress_look(progress *self, const tally *counts, int64_t now_ms)
{
    uint64_t ended = tally_ended(counts);

    /* Links that were cancelled may be pending again: then there was no progress. */
    if (self->seen_ms != 0 && now_ms > self->seen_ms) {
        double passed = (double) (now_ms - self->seen_ms);
        double fresh = ended > self->ended ? (double) (ended - self->ended) : 0;
        double weight = passed < SMOOTH_MS ? passed / SMOOTH_MS : 1;

        if (self->rate <= 0) /* the first speed there is */
            weight = 1;
        self->rate += weight * (fresh * 1000 / passed - self->rate);
    }
    self->seen_ms = now_ms;
    self->ended = ended;
}

/* All links there are, or will be; 0 if nobody knows. */
static uint64_t
total_of(const book_view *view, const tally *counts)
{
    uint64_t links = tally_links(counts);

    if (view->listed)
        return links;
    if (view->total_bytes == 0 || view->read_bytes == 0)
        return 0;
    double left = (double) view->total_bytes / (double) view->read_bytes;
    return left < 1 ? links : (uint64_t) ((double) links * left);
}

/* Append to a line; what has no room is cut. */
__attribute__((format(printf, 3, 4))) static void
append(char *out, size_t room, const char *format, ...)
{
    size_t used = strlen(out);
    va_list args;

    va_start(args, format);
    (void) vsnprintf(out + used, room - used, format, args);
    va_end(args);
}

static void
append_eta(char *out, size_t room, double seconds)
{
    uint64_t left = (uint64_t) (seconds + 0.999);

    if (left < 100)
        append(out, room, "  eta %" PRIu64 " s", left);
    else if (left < 6000)
        append(out, room, "  eta %" PRIu64 " min", left / 60);
    else if (left < HOURS_1000)
        append(out, room, "  eta %" PRIu64 " h %" PRIu64 " min", left / 3600,
               left / 60 % 60);
}

char *
progress_line(const progress *self, const book_view *view, const tally *counts, char *out,
              size_t room)
{
    uint64_t ended = tally_ended(counts);
    uint64_t failed = tally_count(counts, TL_FAILED) + tally_count(counts, TL_LOST);
    uint64_t total = total_of(view, counts);
    const char *about = view->listed ? "" : "~";

    out[0] = '\0';
    if (view->state == BOOK_WAITING) {
        append(out, room, "waiting for a ventilator");
        return out;
    }
    if (total > 0)
        append(out, room, "%" PRIu64 "/%s%" PRIu64 " (%s%" PRIu64 " %%)", ended, about,
               total, about, ended >= total ? 100 : ended * 100 / total);
    else
        append(out, room, "%" PRIu64 "/%" PRIu64 "+", ended, tally_links(counts));
    append(out, room, self->rate < 10 ? "  %.1f img/s" : "  %.0f img/s", self->rate);
    if (failed > 0)
        append(out, room, "  %" PRIu64 " failed", failed);
    if (view->stalled)
        append(out, room, "  the record cannot be written");
    else if (total > ended && self->rate > 0)
        append_eta(out, room, (double) (total - ended) / self->rate);
    return out;
}
