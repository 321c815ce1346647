/* wishes — what a run wants of its workers: the options in its grant.
 *
 * Why it exists: they are part of the identity of every picture the run makes, so a
 * worker that does not know one of them, or cannot honour it, must not take part. */
#ifndef WORKER_WISHES_H
#define WORKER_WISHES_H

#include "proto/message.h"
#include "worker/output.h"
#include "worker/shrink/picture.h"

enum { AGENT_BYTES = 512 };

typedef struct {
    picture_size box;
    bool originals;
    bool sync;
    uint64_t connect_ms;
    uint64_t transfer_ms;
    uint64_t low_speed_ms;
    uint64_t body_cap;
    char agent[AGENT_BYTES];
    output *folder; /* NULL in null mode: nothing is written */
} wishes;

/* Read the grant's options and open the output below `root` (NULL: don't). TL_USAGE,
 * TL_REFUSED or TL_CANNOT_START with a sentence; self is untouched then. */
tl_fault wishes_read(wishes *self, const tl_list *options, const char *root,
                     const char *worker, tl_error *err);

/* Close the output. */
void wishes_clear(wishes *self);

#endif
