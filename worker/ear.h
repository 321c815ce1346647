/* ear — one ZeroMQ socket in a poll set, without a missed wake-up and without asking it
 * at every turn.
 *
 * Why it exists: a ZeroMQ descriptor rings once, for both directions, and any call on the
 * socket may take that ring away. So a socket that was used or has rung must be asked
 * before we sleep. One that did neither has nothing new: asking it all the same (some six
 * system calls a socket and turn) would be half of a worker's CPU. */
#ifndef WORKER_EAR_H
#define WORKER_EAR_H

#include "proto/socket.h"

typedef struct {
    zsock_t *socket;
    int descriptor; /* to be polled for reading, whatever we wait for */
    int events;     /* what we wait for: ZMQ_POLLIN, ZMQ_POLLOUT */
    bool awake;     /* it may have something: set it after every other call than these */
} ear;

/* An ear of that socket, awake. */
ear ear_of(zsock_t *socket, int events);

/* The next frame; NULL if there is none. Refused multipart messages are dropped without a
 * word: there is nobody to answer. Nothing found means asleep: libzmq looks for news
 * before it says so, and rings for whatever comes later. */
zframe_t *ear_receive(ear *self);

/* Is there something to do? If not, it sleeps from here on until it rings or is used. */
bool ear_is_ready(ear *self);

#endif
