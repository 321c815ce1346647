#include "worker/control.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/scope.h"

struct control {
    char endpoint[TL_ENDPOINT_BYTES];
    zsock_t *dealer;
    ear ear;
    tl_buf *frame; /* used for every message */
    int64_t next_hello_ms;
    int64_t heard_ms; /* 0: never */
    bool silent;
    char complaint[TL_TEXT_BYTES]; /* the last one */
};

control *
control_new(const char *endpoint, bool insecure, tl_error *err)
{
    TL_SCOPED(control_destroy) control *self = calloc(1, sizeof *self);

    if (self)
        self->frame = tl_buf_new(TL_FRAME_BYTES);
    if (!self || !self->frame) {
        (void) tl_fail(err, TL_NO_MEMORY, "dialling %s", endpoint);
        return NULL;
    }
    self->dealer = tl_socket_connect(TL_CONTROL_DEALER, endpoint, insecure, err);
    if (!self->dealer)
        return NULL;
    self->ear = ear_of(self->dealer, ZMQ_POLLIN);
    (void) snprintf(self->endpoint, sizeof self->endpoint, "%s", endpoint);
    return TL_GIVE(self);
}

void
control_destroy(control **self_p)
{
    assert(self_p);
    control *self = *self_p;

    if (!self)
        return;
    zsock_destroy(&self->dealer);
    tl_buf_destroy(&self->frame);
    free(self);
    *self_p = NULL;
}

const char *
control_endpoint(const control *self)
{
    return self->endpoint;
}

bool
control_say(control *self, const tl_schema *schema, const void *message)
{
    tl_error err = {0};

    tl_buf_clear(self->frame);
    if (tl_encode(schema, message, self->frame, &err) != TL_OK)
        return false; /* out of memory: as if nobody were there, so it is said again */
    self->ear.awake = true;
    return tl_send(self->dealer, tl_buf_bytes(self->frame), tl_buf_size(self->frame));
}

zframe_t *
control_hear(control *self, int64_t now_ms)
{
    zframe_t *frame = ear_receive(&self->ear);

    if (frame)
        self->heard_ms = now_ms;
    return frame;
}

bool
control_is_hello_due(const control *self, int64_t now_ms)
{
    return now_ms >= self->next_hello_ms;
}

void
control_said_hello(control *self, int64_t now_ms)
{
    self->next_hello_ms = now_ms + TL_BEAT_MS;
}

int64_t
control_next_hello_ms(const control *self)
{
    return self->next_hello_ms;
}

bool
control_is_silent(control *self, int64_t now_ms, bool *changed)
{
    bool silent = self->heard_ms > 0 && now_ms - self->heard_ms >= TL_SILENT_MS;

    *changed = silent != self->silent;
    self->silent = silent;
    return silent;
}

bool
control_is_news(control *self, const char *complaint)
{
    if (strncmp(self->complaint, complaint, sizeof self->complaint - 1) == 0)
        return false;
    (void) snprintf(self->complaint, sizeof self->complaint, "%s", complaint);
    return true;
}

ear *
control_ear(control *self)
{
    return &self->ear;
}
