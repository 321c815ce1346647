#include "proto/inherited.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int
tl_inherited_fd(const char *variable)
{
    char *end = NULL;
    const char *text =
        getenv(variable); /* NOLINT(concurrency-mt-unsafe): no threads yet */

    if (!text || *text == '\0')
        return -1;
    long fd = strtol(text, &end, 10);
    if (*end != '\0' || fd <= STDERR_FILENO || fd > 1 << 20 ||
        fcntl((int) fd, F_SETFD, FD_CLOEXEC) == -1)
        return -1; /* not one that the launcher left open for us */
    return (int) fd;
}
