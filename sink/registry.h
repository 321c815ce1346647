/* registry — gives each registered link its id, its verdict so far and its name.
 *
 * Why it exists: a link is known by its key, whatever its line, list or epoch. Keys are
 * random, so the record's index is the dearest thing about a link: a page of it is
 * written for nearly each one if they come singly. Thousands at once, sorted, share
 * pages. */
#ifndef SINK_REGISTRY_H
#define SINK_REGISTRY_H

#include "sink/store.h"

/* One link of a batch: what was said of it, and what became of it. */
typedef struct {
    tl_link said;
    uint64_t id;
    uint64_t verdict; /* the answer */
    uint64_t undone;  /* fault of the cancellation that this has undone; 0 none */
    bool fresh;       /* never seen before */
    bool repeated;    /* a duplicate that is new to the record */
    char name[TL_NAME_BYTES + 1];
} registry_link;

typedef struct registry registry;

/* Links that `epoch` has registered; ids go up from next_id in their order. */
typedef struct {
    uint64_t epoch;
    uint64_t next_id;
    registry_link *links;
    size_t count;
} registry_batch;

/* Of that record, for batches of up to `most` links; NULL when memory is out. */
registry *registry_new(const store *record, size_t most);
void registry_destroy(registry **self_p);

/* Place the links. The ids of those that turn out to be known stay unused. Safe to repeat
 * after a failure: nothing of an earlier try is looked at. */
tl_fault registry_place(registry *self, const registry_batch *batch, tl_error *err);

#endif
