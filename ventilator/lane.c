#include "ventilator/lane.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/scope.h"

struct lane {
    uint64_t number;
    zsock_t *socket;
    zsock_t *monitor;
    bool connected;
    bool broken;
    char endpoint[TL_ENDPOINT_BYTES];
};

static bool
read_ports(const char *ports, unsigned long *from, unsigned long *to)
{
    char *end = NULL;

    *from = strtoul(ports, &end, 10);
    if (end == ports || *end != '-')
        return false;
    const char *second = end + 1;
    *to = strtoul(second, &end, 10);
    return end != second && *end == '\0' && *from > 0 && *from <= *to &&
           *to <= UINT16_MAX;
}

tl_fault
lane_ports_check(const char *ports, tl_error *err)
{
    unsigned long from = 0;
    unsigned long to = 0;

    return read_ports(ports, &from, &to)
               ? TL_OK
               : tl_fail(err, TL_USAGE, "--lanes takes ports like 5600-6699, not '%s'",
                         ports);
}

void
lane_destroy(lane **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    tl_monitor_destroy(&(*self_p)->monitor, (*self_p)->socket);
    zsock_destroy(&(*self_p)->socket);
    free(*self_p);
    *self_p = NULL;
}

static void
compose(const char *control, const char *ports, uint64_t number, char *out, size_t room)
{
    char host[TL_ENDPOINT_BYTES] = "";

    if (tl_endpoint_host(control, host, sizeof host))
        (void) snprintf(out, room, "tcp://%s:*[%s]", host, ports);
    else
        (void) snprintf(out, room, "%s-lane-%" PRIx64, control, number);
}

lane *
lane_new(const char *control, const char *ports, uint64_t number, bool insecure,
         tl_error *err)
{
    char wanted[TL_ENDPOINT_BYTES * 2];
    TL_SCOPED(lane_destroy) lane *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for another lane");
        return NULL;
    }
    self->number = number;
    compose(control, ports, number, wanted, sizeof wanted);
    self->socket = tl_socket_bind(TL_LANE_PUSH, wanted, insecure, self->endpoint, err);
    if (self->socket)
        self->monitor = tl_monitor(self->socket, err);
    return self->monitor ? TL_GIVE(self) : NULL;
}

bool
lane_send(lane *self, const tl_buf *frame)
{
    return !self->broken &&
           tl_send(self->socket, tl_buf_bytes(frame), tl_buf_size(frame));
}

bool
lane_is_broken(lane *self)
{
    for (tl_peer_event event = tl_monitor_next(self->monitor); event != TL_PEER_NOTHING;
         event = tl_monitor_next(self->monitor)) {
        if (event == TL_PEER_READY)
            self->connected = true;
        else if (self->connected)
            self->broken = true; /* a stranger that knocked before does not count */
    }
    return self->broken;
}

uint64_t
lane_number(const lane *self)
{
    return self->number;
}

uint16_t
lane_port(const lane *self)
{
    return tl_endpoint_port(self->endpoint);
}

const char *
lane_path(const lane *self)
{
    return tl_endpoint_is_ipc(self->endpoint) ? self->endpoint + strlen("ipc://") : "";
}
