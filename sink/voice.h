/* voice — what the book says: encodes a message and hands it to the sender.
 *
 * Why it exists: the book has no sockets. It speaks to the ventilator it listens to, and
 * now and then to another one that must be told to leave. */
#ifndef SINK_VOICE_H
#define SINK_VOICE_H

#include "proto/message.h"

/* Sends a frame to a peer (a ROUTER's routing id) without waiting; false if it cannot go.
 */
typedef bool voice_send(void *context, tl_text_view peer, const void *frame, size_t size);

typedef struct voice voice;

voice *voice_new(voice_send *send, void *context);
void voice_destroy(voice **self_p);

/* From now on `peer` is the one we speak to. */
void voice_turn(voice *self, tl_text_view peer);

/* Say a message to it, or to somebody else; false if it did not leave. All messages that
 * matter are repeated or asked for again, so nobody has to act on that. */
bool voice_say(voice *self, const tl_schema *schema, const void *message);
bool voice_tell(voice *self, tl_text_view peer, const tl_schema *schema,
                const void *message);

/* An empty buffer for the list of the message that is being made. */
tl_buf *voice_items(voice *self);

#endif
