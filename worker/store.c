#include "worker/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/digest.h"
#include "proto/scope.h"
#include "worker/publish.h"

struct store {
    zactor_t *thread;
    ear ear;
    size_t orders; /* at the thread */
};

/* What travels, there and back. */
typedef struct {
    store_order *order;
} question;

typedef struct {
    store_order *order;
    store_stage stage;
} answer;

/* What the thread owns. */
typedef struct {
    zsock_t *pipe;
    tl_digest *digest;
    bool stopping;
    answer group[STORE_GROUP]; /* written, not synced */
    output *folders[STORE_GROUP];
    size_t grouped;
    int64_t sync_at_ms;
} self_t;

/* ---- one order -------------------------------------------------------------------- */

static void
digest_of(const self_t *self, const void *bytes, size_t size, uint8_t *sha256)
{
    tl_digest_start(self->digest);
    tl_digest_add(self->digest, bytes, size);
    tl_digest_finish(self->digest, sha256);
}

static void
name_files(store_order *order)
{
    names_make(&order->written, order->wanted, order->source_type, order->thumb_type,
               order->keyed ? order->key : NULL);
}

/* Publish under a name that name_files gives; if that is somebody else's, under the one
 * with the key. `name` points into order->written. */
static tl_fault
put_file(store_order *order, publish_file *file, publish_end *end)
{
    for (;;) {
        file->name_has_key = order->keyed;
        if (publish(order->folder, file, end, &order->error) != TL_OK)
            return order->error.fault;
        if (*end != PUBLISH_TAKEN)
            return TL_OK;
        if (order->keyed)
            return tl_fail(&order->error, TL_WRITE_FAILED,
                           "%s is there already and is not ours", file->name);
        order->keyed = true;
        name_files(order);
    }
}

static tl_fault
put_original(store_order *order)
{
    publish_end end = PUBLISH_NEW;
    publish_file file = {.name = order->written.original,
                         .bytes = order->source,
                         .size = order->source_size};

    memcpy(file.stamp.key, order->key, sizeof file.stamp.key);
    memcpy(file.stamp.sha256, order->sha256, sizeof file.stamp.sha256);
    if (put_file(order, &file, &end) != TL_OK)
        return order->error.fault;
    if (end == PUBLISH_OURS) {
        order->found = publish_read(order->folder, file.name, &order->error);
        return order->found ? TL_OK : order->error.fault;
    }
    return TL_OK;
}

static tl_fault
put_thumbnail(const self_t *self, store_order *order)
{
    struct stat facts;
    publish_end end = PUBLISH_NEW;
    publish_file file = {.name = order->written.thumbnail,
                         .bytes = order->thumb,
                         .size = order->thumb_size};
    names original = order->written;

    memcpy(file.stamp.key, order->key, sizeof file.stamp.key);
    digest_of(self, order->thumb, order->thumb_size, file.stamp.sha256);
    if (put_file(order, &file, &end) != TL_OK)
        return order->error.fault;
    if (order->originals) /* it stays where it is, whatever the thumbnail met */
        memcpy(order->written.original, original.original, NAME_ROOM);
    order->thumb_bytes = order->thumb_size;
    if (end == PUBLISH_OURS && fstatat(output_descriptor(order->folder), file.name,
                                       &facts, AT_SYMLINK_NOFOLLOW) == 0)
        order->thumb_bytes = (uint64_t) facts.st_size;
    return TL_OK;
}

static tl_fault
carry_out(const self_t *self, store_order *order)
{
    digest_of(self, order->source, order->source_size, order->sha256);
    name_files(order);
    if (order->originals && !order->original_is_there) {
        if (put_original(order) != TL_OK || order->found)
            return order->error.fault;
    }
    return put_thumbnail(self, order);
}

/* ---- the thread ------------------------------------------------------------------- */

static void
reply(const self_t *self, store_order *order, store_stage stage)
{
    answer it = {.order = order, .stage = stage};

    /* There are never more answers on the way than the pipe has room for. */
    (void) tl_send(self->pipe, &it, sizeof it);
}

static bool
is_new_folder(const self_t *self, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (self->folders[i] == self->folders[index])
            return false;
    return true;
}

static void
sync_group(self_t *self)
{
    store_stage stage = STORE_DURABLE;

    for (size_t i = 0; i < self->grouped; i++)
        if (is_new_folder(self, i) && syncfs(output_descriptor(self->folders[i])) != 0)
            stage = STORE_UNSAFE;
    for (size_t i = 0; i < self->grouped; i++)
        reply(self, self->group[i].order, stage);
    self->grouped = 0;
}

static void
on_order(self_t *self, store_order *order)
{
    output *folder = order->folder;
    bool fine = carry_out(self, order) == TL_OK && !order->found;
    bool sync = order->sync && fine;

    reply(self, order, STORE_WRITTEN); /* from here on the loop may free what is in it */
    if (!sync)
        return;
    if (self->grouped == 0)
        self->sync_at_ms = tl_now_ms() + STORE_GROUP_MS;
    self->folders[self->grouped] = folder;
    self->group[self->grouped++].order = order;
}

/* Wait for an order, or for the group's time to be up. */
static void
next_order(self_t *self)
{
    question it = {0};
    int64_t left = self->grouped ? self->sync_at_ms - tl_now_ms() : -1;

    zsock_set_rcvtimeo(self->pipe, self->grouped && left < 0 ? 0 : (int) left);
    int size = zmq_recv(zsock_resolve(self->pipe), &it, sizeof it, 0);
    if (size == (int) sizeof it)
        on_order(self, it.order);
    else if (size != -1) /* "$TERM" */
        self->stopping = true;
    if (self->grouped == STORE_GROUP ||
        (self->grouped > 0 && (self->stopping || tl_now_ms() >= self->sync_at_ms)))
        sync_group(self);
}

static void
run(zsock_t *pipe, void *args)
{
    self_t *self = args;

    self->pipe = pipe;
    (void) zsock_signal(pipe, 0);
    while (!self->stopping)
        next_order(self);
    tl_digest_destroy(&self->digest);
    free(self);
}

/* ---- the loop's side -------------------------------------------------------------- */

store *
store_new(tl_error *err)
{
    store *self = calloc(1, sizeof *self);
    self_t *thread = calloc(1, sizeof *thread);

    if (thread)
        thread->digest = tl_digest_new();
    if (self && thread && thread->digest)
        self->thread = zactor_new(run, thread); /* the thread owns it now */
    if (self && self->thread) {
        self->ear = ear_of(zactor_sock(self->thread), ZMQ_POLLIN);
        return self;
    }
    if (thread)
        tl_digest_destroy(&thread->digest);
    free(thread);
    free(self);
    (void) tl_fail(err, TL_CANNOT_START, "cannot start the thread that writes files");
    return NULL;
}

void
store_destroy(store **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    zactor_destroy(&(*self_p)->thread);
    free(*self_p);
    *self_p = NULL;
}

bool
store_put(store *self, store_order *order)
{
    question it = {.order = order};

    self->ear.awake = true;
    if (self->orders == STORE_ORDERS ||
        !tl_send(zactor_sock(self->thread), &it, sizeof it))
        return false;
    self->orders++;
    return true;
}

bool
store_next(store *self, store_order **order, store_stage *stage)
{
    answer it;

    if (!self->ear.awake || zmq_recv(zsock_resolve(self->thread), &it, sizeof it,
                                     ZMQ_DONTWAIT) != (int) sizeof it)
        return false;
    if (it.stage == STORE_WRITTEN)
        self->orders--;
    *order = it.order;
    *stage = it.stage;
    return true;
}

ear *
store_ear(store *self)
{
    return &self->ear;
}
