#include "worker/finished.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/scope.h"

enum { AGAIN_ITEMS = 512 }; /* in one message: 60 bytes each at most */

struct finished {
    uint64_t done[TL_BATCH_IDS];
    uint64_t returned[TL_BATCH_IDS];
    tl_again again[TL_BATCH_IDS];
    size_t done_count;
    size_t returned_count;
    size_t again_count;
    int64_t since_ms;
    tl_buf *items;
};

finished *
finished_new(void)
{
    TL_SCOPED(finished_destroy) finished *self = calloc(1, sizeof *self);

    if (!self || !(self->items = tl_buf_new(TL_BATCH_BYTES)))
        return NULL;
    self->since_ms = INT64_MAX;
    return TL_GIVE(self);
}

void
finished_destroy(finished **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    tl_buf_destroy(&(*self_p)->items);
    free(*self_p);
    *self_p = NULL;
}

/* A place in a list. It only fills up when nobody listens; then the oldest is given up,
 * and its ventilator finds out from the heartbeat. */
static size_t
place(size_t *count)
{
    return *count < TL_BATCH_IDS ? (*count)++ : TL_BATCH_IDS - 1;
}

static void
touch(finished *self, int64_t now_ms)
{
    if (self->since_ms == INT64_MAX)
        self->since_ms = now_ms;
}

void
finished_done(finished *self, uint64_t id, int64_t now_ms)
{
    self->done[place(&self->done_count)] = id;
    touch(self, now_ms);
}

void
finished_again(finished *self, const tl_again *again, int64_t now_ms)
{
    self->again[place(&self->again_count)] = *again;
    touch(self, now_ms);
}

void
finished_returned(finished *self, uint64_t id, int64_t now_ms)
{
    self->returned[place(&self->returned_count)] = id;
    touch(self, now_ms);
}

void
finished_clear(finished *self)
{
    self->done_count = 0;
    self->returned_count = 0;
    self->again_count = 0;
    self->since_ms = INT64_MAX;
}

size_t
finished_count(const finished *self)
{
    return self->done_count + self->returned_count + self->again_count;
}

int64_t
finished_since_ms(const finished *self)
{
    return self->since_ms;
}

/* Pack ids into self->items; false when memory is out. */
static bool
pack(finished *self, const uint64_t *ids, size_t count, tl_list *list)
{
    tl_error err = {0};

    tl_buf_clear(self->items);
    for (size_t i = 0; i < count; i++)
        if (tl_list_add_id(self->items, ids[i], &err) != TL_OK)
            return false;
    *list = tl_list_of(self->items, count);
    return true;
}

static bool
tell_done(finished *self, control *to, tl_done *message)
{
    if (self->done_count == 0)
        return true;
    message->again = (tl_list){0};
    if (!pack(self, self->done, self->done_count, &message->ids) ||
        !control_say(to, &TL_DONE_MESSAGE, message))
        return false;
    self->done_count = 0;
    return true;
}

static bool
tell_again(finished *self, control *to, tl_done *message)
{
    tl_error err = {0};

    while (self->again_count > 0) {
        size_t count = self->again_count < AGAIN_ITEMS ? self->again_count : AGAIN_ITEMS;
        size_t first = self->again_count - count;

        tl_buf_clear(self->items);
        for (size_t i = 0; i < count; i++)
            if (tl_list_add(self->items, &TL_AGAIN, &self->again[first + i], &err) !=
                TL_OK)
                return false;
        message->ids = (tl_list){0};
        message->again = tl_list_of(self->items, count);
        if (!control_say(to, &TL_DONE_MESSAGE, message))
            return false;
        self->again_count = first;
    }
    return true;
}

static bool
tell_returned(finished *self, control *to, uint64_t boot, uint64_t run)
{
    tl_returned message = {.boot = boot, .run = run};

    if (self->returned_count == 0)
        return true;
    if (!pack(self, self->returned, self->returned_count, &message.ids) ||
        !control_say(to, &TL_RETURNED, &message))
        return false;
    self->returned_count = 0;
    return true;
}

bool
finished_tell(finished *self, control *to, uint64_t boot, uint64_t run)
{
    tl_done message = {.boot = boot, .run = run};

    if (!tell_done(self, to, &message) || !tell_again(self, to, &message) ||
        !tell_returned(self, to, boot, run))
        return false;
    self->since_ms = INT64_MAX;
    return true;
}
