#include "sink/voice.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"

enum { PEER_BYTES = 255 }; /* libzmq's limit of a routing id */

struct voice {
    voice_send *send;
    void *context;
    tl_buf *frame;
    tl_buf *items;
    size_t peer_size; /* 0: nobody has spoken to us yet */
    char peer[PEER_BYTES];
};

voice *
voice_new(voice_send *send, void *context)
{
    voice *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->send = send;
    self->context = context;
    self->frame = tl_buf_new(TL_FRAME_BYTES);
    self->items = tl_buf_new(TL_FRAME_BYTES);
    if (!self->frame || !self->items)
        voice_destroy(&self);
    return self;
}

void
voice_destroy(voice **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    tl_buf_destroy(&(*self_p)->frame);
    tl_buf_destroy(&(*self_p)->items);
    free(*self_p);
    *self_p = NULL;
}

void
voice_turn(voice *self, tl_text_view peer)
{
    self->peer_size = peer.size < PEER_BYTES ? peer.size : PEER_BYTES;
    memcpy(self->peer, peer.at, self->peer_size);
}

bool
voice_tell(voice *self, tl_text_view peer, const tl_schema *schema, const void *message)
{
    tl_error err;

    tl_buf_clear(self->frame);
    /* Only a lack of memory can fail here, and then silence is asked about again. */
    return tl_encode(schema, message, self->frame, &err) == TL_OK &&
           self->send(self->context, peer, tl_buf_bytes(self->frame),
                      tl_buf_size(self->frame));
}

bool
voice_say(voice *self, const tl_schema *schema, const void *message)
{
    return self->peer_size > 0 &&
           voice_tell(self, (tl_text_view){self->peer, self->peer_size}, schema, message);
}

tl_buf *
voice_items(voice *self)
{
    tl_buf_clear(self->items);
    return self->items;
}
