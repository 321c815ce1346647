#include "worker/outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/scope.h"

typedef struct letter {
    struct letter *next;
    uint64_t id;
    size_t size;
    uint8_t frame[];
} letter;

struct outbox {
    char endpoint[TL_ENDPOINT_BYTES];
    zsock_t *push;
    zsock_t *monitor;
    ear ear;
    ear monitor_ear;
    bool reached;
    int64_t since_ms; /* of `reached` being as it is */
    letter *first;
    letter *last;
    size_t waiting;
};

outbox *
outbox_open(const char *endpoint, bool insecure, int64_t now_ms, tl_error *err)
{
    TL_SCOPED(outbox_close) outbox *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "opening the way to the sink");
        return NULL;
    }
    return outbox_redial(self, endpoint, insecure, now_ms, err) == TL_OK ? TL_GIVE(self)
                                                                         : NULL;
}

static void
hang_up(outbox *self)
{
    if (self->monitor)
        tl_monitor_destroy(&self->monitor, self->push);
    zsock_destroy(&self->push);
}

tl_fault
outbox_redial(outbox *self, const char *endpoint, bool insecure, int64_t now_ms,
              tl_error *err)
{
    if (self->push && strcmp(endpoint, self->endpoint) == 0)
        return TL_OK;

    zsock_t *monitor = NULL;
    zsock_t *push =
        tl_socket_connect_watched(TL_REPORT_PUSH, endpoint, insecure, &monitor, err);
    if (!push)
        return err->fault;
    hang_up(self);
    self->push = push;
    self->monitor = monitor;
    self->ear = ear_of(push, ZMQ_POLLOUT);
    self->monitor_ear = ear_of(monitor, ZMQ_POLLIN);
    self->reached = false;
    self->since_ms = now_ms;
    (void) snprintf(self->endpoint, sizeof self->endpoint, "%s", endpoint);
    return TL_OK;
}

static void
drop_first(outbox *self)
{
    letter *gone = self->first;

    self->first = gone->next;
    self->waiting--;
    free(gone);
}

void
outbox_close(outbox **self_p)
{
    assert(self_p);
    outbox *self = *self_p;

    if (!self)
        return;
    while (self->first)
        drop_first(self);
    hang_up(self);
    free(self);
    *self_p = NULL;
}

bool
outbox_put(outbox *self, uint64_t id, const void *frame, size_t size)
{
    if (!self->first && tl_send(self->push, frame, size))
        return true;

    self->ear.awake = true;
    letter *waits = malloc(sizeof *waits + size);
    if (!waits)
        return false;
    waits->next = NULL;
    waits->id = id;
    waits->size = size;
    memcpy(waits->frame, frame, size);
    if (self->first)
        self->last->next = waits;
    else
        self->first = waits;
    self->last = waits;
    self->waiting++;
    return false;
}

bool
outbox_next_sent(outbox *self, uint64_t *id)
{
    if (!self->first || !self->ear.awake ||
        !tl_send(self->push, self->first->frame, self->first->size))
        return false;
    *id = self->first->id;
    drop_first(self);
    return true;
}

size_t
outbox_waiting(const outbox *self)
{
    return self->waiting;
}

bool
outbox_is_stuck(outbox *self, int64_t now_ms)
{
    for (tl_peer_event event;
         self->monitor_ear.awake && (event = tl_monitor_next(self->monitor));) {
        bool reached = event == TL_PEER_READY;

        if (reached != self->reached)
            self->since_ms = now_ms;
        self->reached = reached;
    }
    return !self->reached && now_ms - self->since_ms >= TL_SILENT_MS;
}

ear *
outbox_monitor_ear(outbox *self)
{
    return &self->monitor_ear;
}

ear *
outbox_ear(outbox *self)
{
    return &self->ear;
}
