#include "sink/terminal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "proto/log.h"
#include "sink/progress.h"

enum {
    LIVE_MS = 200,
    PIPE_MS = 5000,
    LINE_BYTES = 256,
};

struct terminal {
    bool quiet;
    bool live;
    bool drawn;
    int64_t next_ms;
    progress progress;
};

/* One that can draw over a line. */
static bool
is_live(void)
{
    const char *kind = getenv("TERM"); /* NOLINT(concurrency-mt-unsafe): nobody sets it */

    return isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

terminal *
terminal_new(bool quiet)
{
    terminal *self = calloc(1, sizeof *self);

    if (self) {
        self->quiet = quiet;
        self->live = is_live();
    }
    return self;
}

void
terminal_destroy(terminal **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    terminal_clear(*self_p);
    free(*self_p);
    *self_p = NULL;
}

static void
put(const char *text)
{
    /* A terminal that is gone has nowhere to complain. */
    (void) !write(STDERR_FILENO, text, strlen(text));
}

static void
draw(terminal *self, const char *line)
{
    struct winsize size = {.ws_col = 80};
    char text[LINE_BYTES + 16];

    (void) ioctl(STDERR_FILENO, TIOCGWINSZ, &size); /* else the usual width */
    int width = size.ws_col > 1 ? size.ws_col - 1 : 79;
    (void) snprintf(text, sizeof text, "\r%.*s\x1b[K", width, line);
    put(text);
    self->drawn = true;
}

int64_t
terminal_show(terminal *self, const book_view *view, const tally *counts, int64_t now_ms)
{
    int64_t pause = self->live ? LIVE_MS : PIPE_MS;
    char line[LINE_BYTES];

    if (self->quiet || (!self->live && view->state == BOOK_WAITING))
        return -1; /* that nobody is there has been logged */
    if (self->next_ms == 0 && !self->live)
        self->next_ms = now_ms + pause; /* a short run needs no line */
    if (now_ms < self->next_ms)
        return self->next_ms - now_ms;
    self->next_ms = now_ms + pause;
    progress_look(&self->progress, counts, now_ms);
    (void) progress_line(&self->progress, view, counts, line, sizeof line);
    if (self->live)
        draw(self, line);
    else
        tl_log(TL_LOG_NOTE, "run.progress", "%s", line);
    return pause;
}

void
terminal_clear(terminal *self)
{
    if (self->drawn)
        put("\r\x1b[K");
    self->drawn = false;
    if (self->live)
        self->next_ms = 0;
}
