/* terminal — shows the progress: a live line for people, a line now and then in a pipe.
 *
 * Why it exists: progress goes to standard error, so that the summary on standard output
 * can be kept. A live line is drawn over itself and never wider than the terminal; log
 * lines must not be written into it, so whoever logs clears it first. */
#ifndef SINK_TERMINAL_H
#define SINK_TERMINAL_H

#include "sink/book.h"

typedef struct terminal terminal;

terminal *terminal_new(bool quiet);
void terminal_destroy(terminal **self_p);

/* Draw if it is time to; returns the milliseconds until it will be again, -1 for never.
 */
int64_t terminal_show(terminal *self, const book_view *view, const tally *counts,
                      int64_t now_ms);

/* Take the live line away; the next show draws it again. */
void terminal_clear(terminal *self);

#endif
