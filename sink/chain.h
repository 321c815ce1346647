/* chain — tells the ventilator which links are settled, as a chain of numbers.
 *
 * Why it exists: a ROUTER drops silently, and either side may restart. Each settled
 * message names the number before its first one, so a gap shows; the ventilator then asks
 * for everything behind the last number it has. What is read back for it and what has
 * just been committed go the same way, so there is one mechanism for all losses. */
#ifndef SINK_CHAIN_H
#define SINK_CHAIN_H

#include "sink/store.h"
#include "sink/voice.h"

typedef struct {
    const store *record;
    voice *voice;
    uint64_t seq;  /* the last number that is on disk */
    uint64_t said; /* the last one that the ventilator was told of */
    bool syncing;  /* it has asked, and waits for the end of the answer */
    bool deaf;     /* the last message did not leave: wait until it is heard of */
} chain;

/* `ids` have just been committed as the numbers behind self->seq. */
void chain_extend(chain *self, const uint64_t *ids, size_t count);

/* Numbers up to seq are used up by links that no longer have them. */
void chain_skip_to(chain *self, uint64_t seq);

/* These ended long ago and were reported again. */
void chain_repeat(chain *self, const uint64_t *ids, size_t count);

/* The ventilator knows everything up to `from`; tell it the rest. */
void chain_sync(chain *self, uint64_t from);

/* Is there something to tell that chain_tell could tell now? */
bool chain_is_behind(const chain *self);

/* Tell it the next chunk; at the end of a sync also that it was the last. */
tl_fault chain_tell(chain *self, uint64_t epoch, tl_error *err);

#endif
