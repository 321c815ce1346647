/* places — where ventilators, lanes and sinks are, put together from words and grants.
 *
 * Why it exists: a person writes a range of ports for several runs, a grant names a port
 * without a host, since the worker knows best by which name it reached that machine. */
#ifndef WORKER_PLACES_H
#define WORKER_PLACES_H

#include "proto/limits.h"
#include "proto/message.h"

enum { PLACES_MOST = 1024 }; /* of one range */

/* How many endpoints "tcp://head:5550-5557" stands for; 1 for a plain one. 0 with
 * TL_USAGE if it is a range that is none. */
size_t places_count(const char *word, tl_error *err);

/* The index-th of them. */
void places_at(const char *word, size_t index, char out[TL_ENDPOINT_BYTES]);

/* The endpoint of something that a grant names: the ipc path, else the port at `host`, or
 * where that is empty at the host of the endpoint that we `dialled`. */
void places_granted(tl_text_view path, tl_text_view host, uint64_t port,
                    const char *dialled, char out[TL_ENDPOINT_BYTES]);

#endif
