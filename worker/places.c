#include "worker/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/socket.h"

/* The ports of "...:from-to"; false if the word does not end in a range. */
static bool
read_range(const char *word, unsigned long *from, unsigned long *to)
{
    const char *colon = strrchr(word, ':');
    char *dash = NULL;
    char *end = NULL;

    if (strncmp(word, "tcp://", strlen("tcp://")) != 0 || !colon || colon[1] < '0' ||
        colon[1] > '9')
        return false;
    *from = strtoul(colon + 1, &dash, 10);
    if (*dash != '-' || dash[1] < '0' || dash[1] > '9')
        return false;
    *to = strtoul(dash + 1, &end, 10);
    return *end == '\0';
}

size_t
places_count(const char *word, tl_error *err)
{
    unsigned long from = 0;
    unsigned long to = 0;

    if (!read_range(word, &from, &to))
        return 1;
    if (from < 1 || to > UINT16_MAX || to < from || to - from >= PLACES_MOST) {
        (void) tl_fail(err, TL_USAGE,
                       "--ventilator %s: a range has 1 to %d ports, the lower one first",
                       word, PLACES_MOST);
        return 0;
    }
    return to - from + 1;
}

void
places_at(const char *word, size_t index, char out[TL_ENDPOINT_BYTES])
{
    unsigned long from = 0;
    unsigned long to = 0;

    if (!read_range(word, &from, &to))
        (void) snprintf(out, TL_ENDPOINT_BYTES, "%s", word);
    else
        (void) snprintf(out, TL_ENDPOINT_BYTES, "%.*s:%lu",
                        (int) (strrchr(word, ':') - word), word, from + index);
}

void
places_granted(tl_text_view path, tl_text_view host, uint64_t port, const char *dialled,
               char out[TL_ENDPOINT_BYTES])
{
    char at[TL_ENDPOINT_BYTES - sizeof "tcp://:65535"] = "127.0.0.1"; /* over ipc: here */

    if (path.size > 0) {
        (void) snprintf(out, TL_ENDPOINT_BYTES, "ipc://%s",
                        tl_view_copy(path, at, sizeof at));
        return;
    }
    if (host.size > 0)
        (void) tl_view_copy(host, at, sizeof at);
    else
        (void) tl_endpoint_host(dialled, at, sizeof at);
    (void) snprintf(out, TL_ENDPOINT_BYTES, "tcp://%s:%u", at,
                    (unsigned) (uint16_t) port);
}
