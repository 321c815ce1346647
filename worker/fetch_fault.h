/* fetch_fault — how a transfer ended, as one of our faults.
 *
 * Why it exists: libcurl's codes are no classes. 7 is a server that is down and our own
 * guard that refused, 23 is any of our limits, 1 is a forbidden redirect and a server
 * that talks garbage, 0 is every status there is. What we know ourselves comes first. */
#ifndef WORKER_FETCH_FAULT_H
#define WORKER_FETCH_FAULT_H

#include "proto/fault.h"

/* libcurl says 23 for "your callback said no"; these say why it did. */
typedef enum {
    FETCH_GOES_ON,
    FETCH_BODY_TOO_LARGE,
    FETCH_HEADERS_TOO_LARGE,
    FETCH_NO_MEMORY,
    FETCH_ENOUGH_READ, /* of a page that says why there is no picture */
} fetch_stop;

typedef struct {
    int code;    /* CURLcode */
    long status; /* of the last answer; 0 none */
    size_t body_size;
    fetch_stop stop;
    bool blocked;        /* the guard refused an address */
    bool redirected;     /* this was not the link's own answer */
    bool resolved;       /* the host's name */
    bool connected;      /* TLS included */
    const char *problem; /* libcurl's sentence */
} fetch_end;

tl_fault fetch_fault(const fetch_end *end);

#endif
