/* socket — the eight kinds of ZeroMQ socket that Thumbline has, each with its options.
 *
 * Why it exists: what a socket loses, when and how it notices a dead peer, and who may
 * speak to it is decided by its options. They stand in one table, each with the loss it
 * prevents, and every socket is made here. Beyond loopback and ipc plain TCP is refused
 * unless --insecure; keys (CURVE) will be set here too. */
#ifndef TL_SOCKET_H
#define TL_SOCKET_H

#include <czmq.h>

#include "proto/fault.h"

typedef enum {
    TL_LANE_PUSH,      /* ventilator, binds */
    TL_LANE_PULL,      /* worker */
    TL_REPORT_PULL,    /* sink, binds */
    TL_REPORT_PUSH,    /* worker */
    TL_CONTROL_ROUTER, /* ventilator, binds */
    TL_CONTROL_DEALER, /* worker */
    TL_RUN_ROUTER,     /* sink, binds */
    TL_RUN_DEALER,     /* ventilator */
} tl_socket_kind;

/* Before the first socket: no czmq signal handling, room for 65,536 sockets. */
void tl_sockets_prepare(void);

/* A bound socket; `bound` (TL_ENDPOINT_BYTES) gets the endpoint in full, with the port
 * that was free if the endpoint ends in ":*" or ":*[from-to]". NULL with TL_USAGE (not an
 * endpoint), TL_REFUSED (beyond this machine without `insecure`) or TL_CANNOT_START
 * (taken, not permitted). */
zsock_t *tl_socket_bind(tl_socket_kind kind, const char *endpoint, bool insecure,
                        char *bound, tl_error *err);

/* A connecting socket; the peer need not be there yet. NULL as above. */
zsock_t *tl_socket_connect(tl_socket_kind kind, const char *endpoint, bool insecure,
                           tl_error *err);

/* The same with a monitor (see tl_monitor) that is there before the connection, so that
 * it misses nothing: over ipc a peer may be ready before a monitor could be added. */
zsock_t *tl_socket_connect_watched(tl_socket_kind kind, const char *endpoint,
                                   bool insecure, zsock_t **monitor, tl_error *err);

/* Is the endpoint well-formed, and on this machine unless `insecure`? */
tl_fault tl_endpoint_check(const char *endpoint, bool insecure, tl_error *err);

/* "tcp://host:port" -> "host" (brackets of IPv6 kept); false for ipc. */
bool tl_endpoint_host(const char *endpoint, char *host, size_t room);
/* "tcp://host:port" -> port, "" or 0 for ipc. */
uint16_t tl_endpoint_port(const char *endpoint);
bool tl_endpoint_is_ipc(const char *endpoint);
bool tl_endpoint_is_loopback(const char *endpoint); /* ipc counts */

/* Send one frame without waiting; false if it cannot go now (no peer, queue full). */
bool tl_send(zsock_t *socket, const void *bytes, size_t size);

/* The next frame without waiting; NULL if there is none. Multipart messages are refused:
 * they are read to their end and dropped, and `*refused` counts them. The caller owns it.
 */
zframe_t *tl_receive(zsock_t *socket, uint64_t *refused);

/* The same for a ROUTER: a peer's routing id comes with each message and goes before
 * each. `peer` is owned by the caller. */
zframe_t *tl_router_receive(zsock_t *socket, zframe_t **peer, uint64_t *refused);
bool tl_router_send(zsock_t *socket, zframe_t *peer, const void *bytes, size_t size);

/* A PAIR that gets the socket's events; poll and drain it with tl_monitor_next. */
zsock_t *tl_monitor(zsock_t *socket, tl_error *err);

typedef enum {
    TL_PEER_NOTHING,
    TL_PEER_READY,
    TL_PEER_GONE,
    TL_PEER_REFUSED
} tl_peer_event;

/* The next event; TL_PEER_NOTHING when there is none left. */
tl_peer_event tl_monitor_next(zsock_t *monitor);
void tl_monitor_destroy(zsock_t **monitor_p, zsock_t *socket);

#endif
