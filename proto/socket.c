#include "proto/socket.h"

#include <string.h>

#include "proto/limits.h"
#include "proto/scope.h"

/* What each option prevents:
 *
 * linger: zsock's default 0 drops the tail of what was sent when a socket closes; lanes
 * keep 0, since the ledger sends again what a dead lane held.
 *
 * hwm: credit bounds lanes and batches bound RUN, so high-water marks are only the last
 * fence, high enough never to be met by an honest peer.
 *
 * immediate: heartbeats and grants are stale when a peer returns, so they don't queue for
 * one that is away. Reports do: a reconnecting pipe would throw them away.
 *
 * reconnect: a broken lane is dead (-1): another worker may have its port by then.
 *
 * heartbeats: TCP alone never notices a stopped or unplugged peer.
 *
 * maxmsgsize: the default is unlimited, and one frame could take all memory.
 *
 * handshake: an idle stranger holds a place for 30 s by default.
 *
 * backlog: a fleet that reconnects at once overflows the default 100. */
typedef struct {
    int type; /* ZMQ_PUSH, ... */
    int linger_ms;
    int hwm;
    int immediate;
    int reconnect_ms; /* first wait; -1 never; doubled up to RECONNECT_MOST_MS */
    int backlog;
} options;

enum {
    RECONNECT_MOST_MS = 2000,
    ZMTP_BEAT_MS = 2000,
    ZMTP_SILENT_MS = 6000,
    HANDSHAKE_MS = 10000,
    KEEPALIVE_IDLE_S = 30, /* for NAT boxes that forget quiet connections */
    SOCKETS_MOST = 65536,
};

static const options roles[] = {
    [TL_LANE_PUSH] = {ZMQ_PUSH, 0, TL_BATCH_IDS, 0, 100, 16},
    [TL_LANE_PULL] = {ZMQ_PULL, 0, TL_BATCH_IDS, 0, -1, 16},
    [TL_REPORT_PULL] = {ZMQ_PULL, 0, 1000, 0, 100, 1024},
    [TL_REPORT_PUSH] = {ZMQ_PUSH, 10000, 1000, 0, 100, 16},
    [TL_CONTROL_ROUTER] = {ZMQ_ROUTER, 1000, 10000, 0, 100, 1024},
    [TL_CONTROL_DEALER] = {ZMQ_DEALER, 1000, 1000, 1, 100, 16},
    [TL_RUN_ROUTER] = {ZMQ_ROUTER, 1000, 10000, 0, 100, 1024},
    [TL_RUN_DEALER] = {ZMQ_DEALER, 1000, 10000, 1, 100, 16},
};

void
tl_sockets_prepare(void)
{
    /* Signals are read from a signalfd. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet */
    (void) setenv("ZSYS_SIGHANDLER", "false", 1);
    zsys_set_max_sockets(SOCKETS_MOST);
    zsys_set_logstream(stderr);
}

static zsock_t *
make(tl_socket_kind kind, tl_error *err)
{
    const options *role = &roles[kind];
    zsock_t *socket = zsock_new(role->type);

    if (!socket) {
        (void) tl_fail_errno(
            err, TL_CANNOT_START,
            "cannot make another socket (raise the limit of open files)");
        return NULL;
    }
    zsock_set_linger(socket, role->linger_ms);
    zsock_set_sndhwm(socket, role->hwm);
    zsock_set_rcvhwm(socket, role->hwm);
    zsock_set_immediate(socket, role->immediate);
    zsock_set_reconnect_ivl(socket, role->reconnect_ms);
    if (role->reconnect_ms > 0)
        zsock_set_reconnect_ivl_max(socket, RECONNECT_MOST_MS);
    zsock_set_backlog(socket, role->backlog);
    zsock_set_heartbeat_ivl(socket, ZMTP_BEAT_MS);
    zsock_set_heartbeat_timeout(socket, ZMTP_SILENT_MS);
    zsock_set_heartbeat_ttl(socket, ZMTP_SILENT_MS);
    zsock_set_handshake_ivl(socket, HANDSHAKE_MS);
    zsock_set_maxmsgsize(socket, TL_FRAME_BYTES);
    zsock_set_tcp_keepalive(socket, 1);
    zsock_set_tcp_keepalive_idle(socket, KEEPALIVE_IDLE_S);
    zsock_set_ipv6(socket, 1);
    return socket;
}

/* ---- endpoints -------------------------------------------------------------------- */

static const char tcp[] = "tcp://";
static const char ipc[] = "ipc://";

bool
tl_endpoint_is_ipc(const char *endpoint)
{
    return strncmp(endpoint, ipc, sizeof ipc - 1) == 0 &&
           endpoint[sizeof ipc - 1] != '\0';
}

/* The colon before the port; NULL if it is not tcp://host:port. */
static const char *
port_colon(const char *endpoint)
{
    if (strncmp(endpoint, tcp, sizeof tcp - 1) != 0)
        return NULL;
    const char *host = endpoint + sizeof tcp - 1;
    const char *end = *host == '[' ? strchr(host, ']') : host; /* IPv6 has colons too */
    const char *colon = end ? strchr(end, ':') : NULL;

    if (!colon || colon == host || colon[1] == '\0' || (*host == '[' && colon != end + 1))
        return NULL;
    return colon;
}

bool
tl_endpoint_host(const char *endpoint, char *host, size_t room)
{
    const char *colon = port_colon(endpoint);

    if (!colon)
        return false;
    size_t size = (size_t) (colon - endpoint) - (sizeof tcp - 1);
    if (size >= room)
        return false;
    memcpy(host, endpoint + sizeof tcp - 1, size);
    host[size] = '\0';
    return true;
}

uint16_t
tl_endpoint_port(const char *endpoint)
{
    const char *colon = port_colon(endpoint);
    char *end = NULL;

    if (!colon)
        return 0;
    unsigned long port = strtoul(colon + 1, &end, 10);
    return *end == '\0' && port <= UINT16_MAX ? (uint16_t) port : 0;
}

bool
tl_endpoint_is_loopback(const char *endpoint)
{
    char host[TL_ENDPOINT_BYTES];

    if (tl_endpoint_is_ipc(endpoint))
        return true;
    if (!tl_endpoint_host(endpoint, host, sizeof host))
        return false;
    /* Names other than this one may resolve to anything, so they don't count. */
    if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
        return true;
    return strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host);
}

tl_fault
tl_endpoint_check(const char *endpoint, bool insecure, tl_error *err)
{
    if (strlen(endpoint) >= TL_ENDPOINT_BYTES)
        return tl_fail(err, TL_USAGE, "the endpoint is longer than %d bytes",
                       TL_ENDPOINT_BYTES - 1);
    if (!tl_endpoint_is_ipc(endpoint) && !port_colon(endpoint))
        return tl_fail(err, TL_USAGE,
                       "'%s' is not an endpoint: write tcp://HOST:PORT or ipc://PATH",
                       endpoint);
    if (!insecure && !tl_endpoint_is_loopback(endpoint))
        return tl_fail(
            err, TL_REFUSED,
            "%s is beyond this machine and would be open to anybody who reaches "
            "it: use loopback or ipc, or say --insecure on a network you trust",
            endpoint);
    return TL_OK;
}

/* ---- sockets ---------------------------------------------------------------------- */

zsock_t *
tl_socket_bind(tl_socket_kind kind, const char *endpoint, bool insecure, char *bound,
               tl_error *err)
{
    if (tl_endpoint_check(endpoint, insecure, err) != TL_OK)
        return NULL;

    zsock_t *socket = make(kind, err);
    if (!socket)
        return NULL;
    if (zsock_bind(socket, "%s", endpoint) == -1) {
        int reason = zmq_errno();

        (void) tl_fail(err, TL_CANNOT_START, "cannot listen on %s: %s", endpoint,
                       reason == EADDRINUSE ? "it is taken by another process"
                                            : zmq_strerror(reason));
        zsock_destroy(&socket);
        return NULL;
    }
    (void) snprintf(bound, TL_ENDPOINT_BYTES, "%s", zsock_endpoint(socket));
    return socket;
}

zsock_t *
tl_socket_connect_watched(tl_socket_kind kind, const char *endpoint, bool insecure,
                          zsock_t **monitor, tl_error *err)
{
    if (tl_endpoint_check(endpoint, insecure, err) != TL_OK)
        return NULL;

    zsock_t *socket = make(kind, err);
    if (socket && monitor && !(*monitor = tl_monitor(socket, err)))
        zsock_destroy(&socket);
    if (!socket)
        return NULL;
    if (zsock_connect(socket, "%s", endpoint) == -1) {
        (void) tl_fail(err, TL_CANNOT_START, "cannot connect to %s: %s", endpoint,
                       zmq_strerror(zmq_errno()));
        if (monitor)
            tl_monitor_destroy(monitor, socket);
        zsock_destroy(&socket);
    }
    return socket;
}

zsock_t *
tl_socket_connect(tl_socket_kind kind, const char *endpoint, bool insecure, tl_error *err)
{
    return tl_socket_connect_watched(kind, endpoint, insecure, NULL, err);
}

bool
tl_send(zsock_t *socket, const void *bytes, size_t size)
{
    return zmq_send(zsock_resolve(socket), bytes, size, ZMQ_DONTWAIT) != -1;
}

/* Libzmq hands over multipart messages whole, so their rest is there to be read. */
static bool
drop_rest(zsock_t *socket, zframe_t *frame, uint64_t *refused)
{
    if (!zframe_more(frame))
        return false;
    for (bool more = true; more;) {
        zframe_t *rest = zframe_recv(socket);

        more = rest && zframe_more(rest);
        zframe_destroy(&rest);
    }
    *refused += 1;
    return true;
}

static zframe_t *
receive_frame(zsock_t *socket)
{
    zmq_msg_t message;

    (void) zmq_msg_init(&message); /* cannot fail */
    if (zmq_msg_recv(&message, zsock_resolve(socket), ZMQ_DONTWAIT) == -1) {
        (void) zmq_msg_close(&message);
        return NULL;
    }
    zframe_t *frame = zframe_new(zmq_msg_data(&message), zmq_msg_size(&message));
    if (frame)
        zframe_set_more(frame, zmq_msg_more(&message));
    (void) zmq_msg_close(&message);
    return frame;
}

zframe_t *
tl_receive(zsock_t *socket, uint64_t *refused)
{
    for (;;) {
        zframe_t *frame = receive_frame(socket);

        if (!frame || !drop_rest(socket, frame, refused))
            return frame;
        zframe_destroy(&frame);
    }
}

zframe_t *
tl_router_receive(zsock_t *socket, zframe_t **peer, uint64_t *refused)
{
    for (;;) {
        zframe_t *from = receive_frame(socket);

        if (!from)
            return NULL;
        zframe_t *frame = zframe_more(from) ? receive_frame(socket) : NULL;
        if (frame && !drop_rest(socket, frame, refused)) {
            *peer = from;
            return frame;
        }
        zframe_destroy(&frame);
        zframe_destroy(&from);
    }
}

bool
tl_router_send(zsock_t *socket, zframe_t *peer, const void *bytes, size_t size)
{
    void *handle = zsock_resolve(socket);

    if (zmq_send(handle, zframe_data(peer), zframe_size(peer),
                 ZMQ_DONTWAIT | ZMQ_SNDMORE) == -1)
        return false;
    return zmq_send(handle, bytes, size, ZMQ_DONTWAIT) != -1;
}

/* ---- monitors --------------------------------------------------------------------- */

enum {
    WATCHED = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
              ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
              ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_CLOSED |
              ZMQ_EVENT_CONNECT_RETRIED,
};

zsock_t *
tl_monitor(zsock_t *socket, tl_error *err)
{
    char name[64];

    /* The address of the socket is unique among those that live. */
    (void) snprintf(name, sizeof name, "inproc://monitor-%p", (void *) socket);
    zsock_t *monitor = NULL;
    if (zmq_socket_monitor(zsock_resolve(socket), name, WATCHED) == 0)
        monitor = zsock_new(ZMQ_PAIR);
    if (monitor && zsock_connect(monitor, "%s", name) == -1)
        zsock_destroy(&monitor);
    if (!monitor)
        (void) tl_fail(err, TL_SYSTEM, "cannot watch a socket: %s",
                       zmq_strerror(zmq_errno()));
    return monitor;
}

tl_peer_event
tl_monitor_next(zsock_t *monitor)
{
    for (;;) {
        uint64_t refused = 0;
        uint16_t event = 0;
        /* An event is two frames: its number and value, then the endpoint. */
        TL_SCOPED(zframe_destroy) zframe_t *frame = receive_frame(monitor);

        if (!frame)
            return TL_PEER_NOTHING;
        if (zframe_size(frame) >= sizeof event)
            memcpy(&event, zframe_data(frame), sizeof event);
        (void) drop_rest(monitor, frame, &refused);
        if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
            return TL_PEER_READY;
        if (event == ZMQ_EVENT_DISCONNECTED || event == ZMQ_EVENT_CLOSED ||
            event == ZMQ_EVENT_CONNECT_RETRIED)
            return TL_PEER_GONE;
        if (event != 0)
            return TL_PEER_REFUSED;
    }
}

void
tl_monitor_destroy(zsock_t **monitor_p, zsock_t *socket)
{
    if (socket)
        (void) zmq_socket_monitor(zsock_resolve(socket), NULL, 0);
    zsock_destroy(monitor_p);
}
