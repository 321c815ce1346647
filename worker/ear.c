#include "worker/ear.h"

ear
ear_of(zsock_t *socket, int events)
{
    return (ear){
        .socket = socket,
        .descriptor = zsock_fd(socket),
        .events = events,
        .awake = true,
    };
}

zframe_t *
ear_receive(ear *self)
{
    uint64_t refused = 0;
    zframe_t *frame = self->awake ? tl_receive(self->socket, &refused) : NULL;

    self->awake = frame != NULL;
    return frame;
}

bool
ear_is_ready(ear *self)
{
    if (self->awake)
        self->awake = (zsock_events(self->socket) & self->events) != 0;
    return self->awake;
}
