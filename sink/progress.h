/* progress — one line about how far the run is.
 *
 * Why it exists: "1234/2000 (61 %)  240 img/s  12 failed  eta 3 s" is what people look at
 * for hours. The total is known once the source has been read; until then it is estimated
 * from how much of it has, and marked with ~. */
#ifndef SINK_PROGRESS_H
#define SINK_PROGRESS_H

#include "sink/book.h"

/* The speed, smoothed over the last looks at it. All zero is a start. */
typedef struct {
    int64_t seen_ms; /* 0: not yet */
    uint64_t ended;
    double rate; /* links a second */
} progress;

/* Look at the counts; at most a few times a second. */
void progress_look(progress *self, const tally *counts, int64_t now_ms);

/* The line, without an end; returns out. */
char *progress_line(const progress *self, const book_view *view, const tally *counts,
                    char *out, size_t room);

#endif
