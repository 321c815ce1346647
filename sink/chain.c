#include "sink/chain.h"

#include "proto/limits.h"

typedef struct {
    tl_buf *items;
    size_t count;
    uint64_t last;
    bool failed; /* memory is out */
    tl_error *err;
} chunk;

static bool
add(chunk *self, uint64_t id)
{
    self->failed = tl_list_add_id(self->items, id, self->err) != TL_OK;
    self->count += !self->failed;
    return !self->failed;
}

/* Say ids as prev -> last; said moves on only if the message left. */
static void
say(chain *self, const chunk *what, uint64_t last)
{
    const tl_settled message = {self->said, last, tl_list_of(what->items, what->count)};

    if (voice_say(self->voice, &TL_SETTLED, &message))
        self->said = last;
    else
        self->deaf = true;
}

void
chain_extend(chain *self, const uint64_t *ids, size_t count)
{
    bool told = self->said == self->seq && !self->syncing && !self->deaf;

    for (size_t from = 0; from < count; from += TL_BATCH_IDS) {
        size_t to = count - from < TL_BATCH_IDS ? count : from + TL_BATCH_IDS;
        tl_error err;
        chunk what = {.items = voice_items(self->voice), .err = &err};

        for (size_t i = from; i < to && told; i++)
            told = add(&what, ids[i]);
        if (told && !self->deaf)
            say(self, &what, self->seq + to);
    }
    self->seq += count; /* what was not said is read back by chain_tell */
}

void
chain_skip_to(chain *self, uint64_t seq)
{
    if (seq > self->seq)
        self->seq = seq;
}

void
chain_repeat(chain *self, const uint64_t *ids, size_t count)
{
    tl_error err;
    chunk what = {.items = voice_items(self->voice), .err = &err};

    for (size_t i = 0; i < count && i < TL_BATCH_IDS; i++)
        (void) add(&what, ids[i]); /* an id that is left out is asked about again */
    const tl_settled message = {0, 0, tl_list_of(what.items, what.count)};
    if (what.count > 0)
        (void) voice_say(self->voice, &TL_SETTLED, &message);
}

void
chain_sync(chain *self, uint64_t from)
{
    self->said = from < self->seq ? from : self->seq;
    self->syncing = true;
    self->deaf = false;
}

bool
chain_is_behind(const chain *self)
{
    return !self->deaf && (self->syncing || self->said < self->seq);
}

static bool
take(void *context, uint64_t seq, uint64_t id)
{
    chunk *what = context;

    if (what->count == TL_BATCH_IDS || !add(what, id))
        return false;
    what->last = seq;
    return true;
}

static void
end_sync(chain *self, uint64_t epoch)
{
    const tl_synced message = {epoch, self->seq};

    if (voice_say(self->voice, &TL_SYNCED, &message))
        self->syncing = false;
    else
        self->deaf = true;
}

tl_fault
chain_tell(chain *self, uint64_t epoch, tl_error *err)
{
    const store *record = self->record;
    chunk what = {.items = voice_items(self->voice), .last = self->said, .err = err};

    if (!chain_is_behind(self))
        return TL_OK;
    if (self->said < self->seq) {
        if (record->settled(record->self, self->said, take, &what, err) != TL_OK ||
            what.failed)
            return err->fault;
        /* Fewer than fit: the rest of the numbers belongs to links that were reopened. */
        say(self, &what, what.count == TL_BATCH_IDS ? what.last : self->seq);
    }
    if (self->syncing && self->said == self->seq && !self->deaf)
        end_sync(self, epoch);
    return TL_OK;
}
