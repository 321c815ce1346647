/* store — the thread that hashes, writes and makes durable.
 *
 * Why it exists: a disk may take seconds for a sync, and the event loop must never wait
 * for it. Orders go to the thread over a pair of sockets and come back twice: when the
 * files are written (their memory is free again) and when they are on disk. One syncfs
 * serves many pictures; one per picture would take ten times the time of everything
 * else. */
#ifndef WORKER_STORE_H
#define WORKER_STORE_H

#include "proto/buf.h"
#include "worker/ear.h"
#include "worker/names.h"
#include "worker/output.h"

enum {
    STORE_ORDERS = 256,  /* at the thread at once, so that sockets never fill up */
    STORE_GROUP = 64,    /* pictures of one sync ... */
    STORE_GROUP_MS = 50, /* ... or what came in this time */
};

/* The thread's from store_put to STORE_WRITTEN; afterwards only its address is. */
typedef struct {
    output *folder;
    const char *wanted; /* name */
    const char *source_type;
    const char *thumb_type;
    uint8_t key[TL_KEY_BYTES];
    const void *source;
    size_t source_size;
    const void *thumb;
    size_t thumb_size;
    bool originals;         /* write the original as well */
    bool original_is_there; /* it is the file that an earlier store found */
    bool sync;

    /* The answer. */
    bool keyed; /* the wanted name was somebody else's */
    tl_error error;
    names written;                /* what the files are called */
    uint8_t sha256[TL_SHA_BYTES]; /* of the source */
    uint64_t thumb_bytes;         /* of the file, if an older one was kept */
    tl_buf *found; /* another version of this link's original was there: it counts. Make
                      the thumbnail of these bytes instead and store again */
} store_order;

typedef enum {
    STORE_WRITTEN, /* or failed, or found */
    STORE_DURABLE,
    STORE_UNSAFE, /* the sync failed: the files may not survive */
} store_stage;

typedef struct store store;

store *store_new(tl_error *err);

/* Waits for the orders at hand. */
void store_destroy(store **self_p);

/* False if STORE_ORDERS are there already. */
bool store_put(store *self, store_order *order);

/* The next answer; false if there is none. Orders without `sync`, failed ones and those
 * with `found` are answered with STORE_WRITTEN only. */
bool store_next(store *self, store_order **order, store_stage *stage);

/* What wakes the loop. */
ear *store_ear(store *self);

#endif
