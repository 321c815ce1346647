/* fetch — transfers: a link goes in, the bytes of its answer or a fault come out.
 *
 * Why it exists: one thread waits for hundreds of servers, and each of them may do
 * anything: never answer, never end, redirect to our own machine, send a gigabyte of
 * headers. This is the only file that knows libcurl, and the place where its codes, which
 * mean several things each, become faults. */
#ifndef WORKER_FETCH_H
#define WORKER_FETCH_H

#include "worker/bodies.h"
#include "worker/guard.h"

typedef struct fetch fetch;

typedef struct {
    void *ticket; /* not NULL; comes back with the result */
    const char *url;
    const char *agent; /* the User-Agent */
    uint64_t connect_ms;
    uint64_t transfer_ms;
    uint64_t low_speed_ms;
    uint64_t body_cap;
} fetch_order;

enum { FETCH_DETAIL_BYTES = 256 };

typedef struct {
    void *ticket;
    tl_fault fault; /* TL_OK: status 200 and a whole body */
    char detail[FETCH_DETAIL_BYTES];
    uint64_t http;     /* status of the last answer; 0 none */
    uint64_t after_ms; /* Retry-After; 0 none */
    const char *url;   /* after redirects, valid until the next call; "" if unchanged */
    tl_buf *body;      /* the caller's now, to be given back to bodies; NULL on a fault */
    uint64_t dns;      /* microseconds */
    uint64_t connect;
    uint64_t tls;
    uint64_t first_byte;
    uint64_t body_time;
} fetch_result;

/* Up to `transfers` at once. Gate and pool outlive it. */
fetch *fetch_new(size_t transfers, const guard *gate, bodies *pool, tl_error *err);
void fetch_destroy(fetch **self_p);

/* Is a transfer free, and memory for its body? */
bool fetch_has_room(const fetch *self);
size_t fetch_running(const fetch *self);

/* Begin; there must be room. A link that is not one comes back as a result too. */
void fetch_start(fetch *self, const fetch_order *order, int64_t now_ms);

/* Drop the transfer with that ticket; it gives no result. */
void fetch_cancel(fetch *self, const void *ticket);

/* Do what can be done without waiting; then take results until there are none. `rang`:
 * the descriptor can be read; without it only timers and new transfers are looked at. */
void fetch_work(fetch *self, bool rang, int64_t now_ms);
bool fetch_next(fetch *self, fetch_result *result);

/* One descriptor that stands for all transfers; readable when there is work. */
int fetch_descriptor(const fetch *self);

/* When there is work even if the descriptor is silent; INT64_MAX: never. */
int64_t fetch_deadline_ms(const fetch *self);

#endif
