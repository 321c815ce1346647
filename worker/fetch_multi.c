#include "worker/fetch_multi.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "proto/scope.h"

enum { EVENTS = 64 }; /* at once; the rest comes at the next turn */

struct fetch_multi {
    CURLM *multi;
    int epoll;        /* of libcurl's sockets */
    int64_t timer_ms; /* when libcurl wants to be called; INT64_MAX: not */
    int64_t now_ms;
};

/* What libcurl waits for. It is told of ready sockets one by one: asking it to look at
 * all of them costs a system call for each transfer at every turn. */
static int
on_socket(CURL *easy, curl_socket_t descriptor, int what, void *context, void *known)
{
    fetch_multi *self = context;
    struct epoll_event event = {.data.fd = descriptor};

    (void) easy;
    if (what == CURL_POLL_REMOVE) {
        (void) epoll_ctl(self->epoll, EPOLL_CTL_DEL, descriptor, &event);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (uint32_t) EPOLLIN : 0) |
                   (what & CURL_POLL_OUT ? (uint32_t) EPOLLOUT : 0);
    if (!known) /* any mark will do */
        (void) curl_multi_assign(self->multi, descriptor, self);
    return epoll_ctl(self->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, descriptor,
                     &event);
}

static int
on_timer(CURLM *multi, long wait_ms, void *context)
{
    fetch_multi *self = context;

    (void) multi;
    self->timer_ms = wait_ms < 0 ? INT64_MAX : self->now_ms + wait_ms;
    return 0;
}

fetch_multi *
fetch_multi_new(size_t connections)
{
    TL_SCOPED(fetch_multi_destroy) fetch_multi *self = calloc(1, sizeof *self);
    CURLMcode bad = CURLM_OK;

    if (!self)
        return NULL;
    self->timer_ms = INT64_MAX;
    self->epoll = epoll_create1(EPOLL_CLOEXEC);
    self->multi = curl_multi_init();
    if (self->epoll == -1 || !self->multi)
        return NULL;
#define SET(option, value)                                                               \
    (bad = bad ? bad : curl_multi_setopt(self->multi, option, value))
    SET(CURLMOPT_MAXCONNECTS, (long) connections);
    SET(CURLMOPT_SOCKETFUNCTION, on_socket);
    SET(CURLMOPT_SOCKETDATA, self);
    SET(CURLMOPT_TIMERFUNCTION, on_timer);
    SET(CURLMOPT_TIMERDATA, self);
#undef SET
    return bad == CURLM_OK ? TL_GIVE(self) : NULL;
}

void
fetch_multi_destroy(fetch_multi **self_p)
{
    assert(self_p);
    fetch_multi *self = *self_p;

    if (!self)
        return;
    if (self->multi)
        (void) curl_multi_cleanup(self->multi);
    if (self->epoll != -1)
        (void) close(self->epoll);
    free(self);
    *self_p = NULL;
}

bool
fetch_multi_add(fetch_multi *self, void *easy, int64_t now_ms)
{
    self->now_ms = now_ms;
    return curl_multi_add_handle(self->multi, easy) == CURLM_OK;
}

void
fetch_multi_remove(fetch_multi *self, void *easy)
{
    (void) curl_multi_remove_handle(self->multi, easy); /* fails only for a stranger */
}

static void
on_ready(fetch_multi *self, const struct epoll_event *event)
{
    int running = 0;
    int what = (event->events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (event->events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (event->events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);

    (void) curl_multi_socket_action(self->multi, event->data.fd, what, &running);
}

void
fetch_multi_work(fetch_multi *self, bool rang, int64_t now_ms)
{
    struct epoll_event events[EVENTS];
    int running = 0;

    self->now_ms = now_ms;
    int count = rang ? epoll_wait(self->epoll, events, EVENTS, 0) : 0;
    for (int i = 0; i < count; i++)
        on_ready(self, &events[i]);
    if (now_ms >= self->timer_ms) {
        self->timer_ms = INT64_MAX; /* it is set again from within */
        (void) curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

void *
fetch_multi_next(fetch_multi *self, int *code)
{
    int left = 0;

    for (const CURLMsg *message; (message = curl_multi_info_read(self->multi, &left));) {
        if (message->msg != CURLMSG_DONE)
            continue;
        *code = (int) message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

int
fetch_multi_descriptor(const fetch_multi *self)
{
    return self->epoll;
}

int64_t
fetch_multi_deadline_ms(const fetch_multi *self)
{
    return self->timer_ms;
}
