/* guard — the addresses that are not visited.
 *
 * Why it exists: links come from strangers, and redirects and name servers belong to
 * strangers. A link must not make a worker talk to its own machine, its private network
 * or a cloud's metadata service. Text of a URL proves nothing (0x7f.1, names, rebinding),
 * so the address itself is asked for, after the name was resolved and before a socket
 * exists. --allow-net opens networks again. */
#ifndef WORKER_GUARD_H
#define WORKER_GUARD_H

#include <sys/socket.h>

#include "proto/fault.h"

typedef struct guard guard;

/* Refuses everything that is private or special; NULL when memory is out. */
guard *guard_new(void);
void guard_destroy(guard **self_p);

/* Permit a network as well: "10.1.0.0/16", "fd00::/8", "192.168.1.7". TL_USAGE with a
 * sentence if it is not one. */
tl_fault guard_allow(guard *self, const char *cidr, tl_error *err);

/* May we connect to that address and port? */
bool guard_permits(const guard *self, const struct sockaddr *address);

#endif
