#include "proto/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "proto/utf8.h"

enum { LINE_BYTES = 4096 };

static const struct {
    const char *word;
    int priority; /* syslog's, for setlogmask */
} levels[] = {
    [TL_LOG_ERROR] = {"error", LOG_ERR},
    [TL_LOG_WARNING] = {"warning", LOG_WARNING},
    [TL_LOG_NOTE] = {"note", LOG_NOTICE},
    [TL_LOG_DEBUG] = {"debug", LOG_DEBUG},
};

void
tl_log_show(tl_level level)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): it is set before there are threads */
    (void) setlogmask(LOG_UPTO(levels[level].priority));
}

tl_fault
tl_log_level(const char *word, tl_level *level, tl_error *err)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(levels[i].word, word) == 0) {
            *level = (tl_level) i;
            return TL_OK;
        }
    return tl_fail(err, TL_USAGE,
                   "--log-level is debug, note, warning or error, not '%s'", word);
}

char *
tl_escape(const char *text, size_t size, char *out, size_t room)
{
    static const char hex[] = "0123456789abcdef";
    size_t used = 0;

    for (size_t i = 0; i < size;) {
        size_t n = tl_utf8_length((const uint8_t *) text + i, size - i);
        uint8_t byte = (uint8_t) text[i];
        bool plain = n > 1 || (n == 1 && byte >= 0x20 && byte != 0x7f && byte != '\\');
        /* U+0080..U+009F are control characters too; terminals obey them. */
        if (n == 2 && byte == 0xc2 && (uint8_t) text[i + 1] < 0xa0)
            plain = false;
        if (!plain)
            n = 1;
        if (used + (plain ? n : 4) >= room)
            break;
        if (plain) {
            memcpy(out + used, text + i, n);
            used += n;
        } else {
            out[used++] = '\\';
            out[used++] = 'x';
            out[used++] = hex[byte >> 4];
            out[used++] = hex[byte & 15];
        }
        i += n;
    }
    out[used] = '\0';
    return out;
}

static void
put_line(const char *text)
{
    char line[LINE_BYTES + 1];
    size_t size = strlen(tl_escape(text, strlen(text), line, LINE_BYTES));

    line[size++] = '\n';
    /* A log that cannot be written has nowhere to complain. */
    (void) !write(STDERR_FILENO, line, size);
}

void
tl_log(tl_level level, const char *event, const char *format, ...)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): with 0 it only reads */
    if (!(setlogmask(0) & LOG_MASK(levels[level].priority)))
        return;

    int kept = errno; /* callers log before they look at it */
    char text[LINE_BYTES];
    struct timespec now = {0};
    struct tm day = {0};
    va_list args;

    (void) clock_gettime(CLOCK_REALTIME, &now);
    (void) gmtime_r(&now.tv_sec, &day);
    int used = snprintf(text, sizeof text, "%02d:%02d:%02d.%03ld %s %s %s ", day.tm_hour,
                        day.tm_min, day.tm_sec, now.tv_nsec / 1000000,
                        program_invocation_short_name, levels[level].word, event);
    va_start(args, format);
    (void) vsnprintf(text + used, sizeof text - (size_t) used, format, args);
    va_end(args);
    put_line(text);
    errno = kept;
}

int
tl_exit(const tl_error *err, const char *program)
{
    char text[LINE_BYTES];

    (void) snprintf(text, sizeof text, "%s: %s", program, err->text);
    put_line(text);
    return tl_exit_code(err);
}
