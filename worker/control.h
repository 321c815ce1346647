/* control — the conversation with one ventilator.
 *
 * Why it exists: a worker is given places where ventilators may be, today or some other
 * day. Each place has a socket that keeps dialling; it costs nothing while nobody is
 * there. Here is what it says and hears, not what that means. */
#ifndef WORKER_CONTROL_H
#define WORKER_CONTROL_H

#include "proto/message.h"
#include "worker/ear.h"

typedef struct control control;

/* NULL with a sentence if the endpoint is no good. */
control *control_new(const char *endpoint, bool insecure, tl_error *err);
void control_destroy(control **self_p);

const char *control_endpoint(const control *self);

/* Say something; false if it cannot be said now: nobody is there. What does not fit its
 * schema is our own mistake. */
bool control_say(control *self, const tl_schema *schema, const void *message);

/* The next frame; NULL if there is none. The caller owns it. */
zframe_t *control_hear(control *self, int64_t now_ms);

/* Is a hello due? Once a TL_BEAT_MS, and at once when a ventilator has just come. */
bool control_is_hello_due(const control *self, int64_t now_ms);
void control_said_hello(control *self, int64_t now_ms);
int64_t control_next_hello_ms(const control *self);

/* Has it spoken before, and not for TL_SILENT_MS? `changed` tells whether that is news.
 */
bool control_is_silent(control *self, int64_t now_ms, bool *changed);

/* Log each complaint about this peer once: true the first time for a text. */
bool control_is_news(control *self, const char *complaint);

/* What wakes the loop. */
ear *control_ear(control *self);

#endif
