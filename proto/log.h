/* log — one line an event: time, program, level, event name, key=values, prose.
 *
 * Why it exists: people and tests read the same lines. Event names are stable, so tests
 * wait for them. Text from outside is escaped here, once: no line can be forged.
 *
 *     tl_log(TL_LOG_NOTE, "lane.granted", "worker=%s lane=%u", name, lane);
 *     12:00:01.250 thumbline-ventilator note lane.granted worker=w1 lane=3
 *
 * error: this process cannot go on. warning: something is wrong or lost, we go on.
 * note: worth knowing. debug: for developers. */
#ifndef TL_LOG_H
#define TL_LOG_H

#include "proto/fault.h"

typedef enum { TL_LOG_ERROR, TL_LOG_WARNING, TL_LOG_NOTE, TL_LOG_DEBUG } tl_level;

/* Show this level and worse; kept by libc (setlogmask), so there is no state of ours. */
void tl_log_show(tl_level level);

/* The level called "debug", "note", "warning" or "error"; TL_USAGE for another word. */
tl_fault tl_log_level(const char *word, tl_level *level, tl_error *err);

/* One line to standard error, in one write, so lines of several processes don't mix. */
void tl_log(tl_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copy text so that it is safe on a terminal and in a line: control bytes, bad UTF-8
 * and backslashes become \xHH. Always ends with NUL; returns out. */
char *tl_escape(const char *text, size_t size, char *out, size_t room);

/* The last words of a main(): "thumbline-sink: <text>" to standard error; returns the
 * exit code. */
int tl_exit(const tl_error *err, const char *program);

#endif
