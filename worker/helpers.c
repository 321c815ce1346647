#include "worker/helpers.h"

#include <assert.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/scope.h"
#include "worker/helper.h"

enum {
    TRIES = 2,
    START_MS = 30000, /* to become ready; 0.2 s on an idle machine */
    BROKEN_DEATHS = 5,
    MEND_MS = 1000,
    PICTURES = 5000, /* of one process. A fresh one costs as much CPU as 50 pictures; an
                        old one may have grown, or may be in somebody's hands */
    REAP_MS = 5, /* a killed process is gone by then, or soon. A pidfd would tell exactly
                    when; valgrind knows none, and this happens after crashes only */
    EVENTS = 16,
};

/* What a seat's process is doing. A picture keeps its seat while the process is
 * replaced. */
typedef enum {
    VACANT,   /* no process: to be started */
    STARTING, /* has not said that it is ready */
    IDLE,
    BUSY,
    DYING, /* killed or lost, not yet reaped */
} seat_state;

typedef struct {
    helper *helper;
    seat_state state;
    int64_t deadline; /* of STARTING and BUSY; of DYING, when to look again */
    bool ready;       /* its process has been */
    bool overdue;     /* it was killed for that */
    unsigned pictures;

    bool taken; /* there is a picture here */
    bool wanted;
    bool finished; /* and `result` can be had */
    unsigned tries;
    picture_size box;
    helper_result result;
} seat;

struct helpers {
    char *program;
    int64_t deadline_ms;
    int poll;
    size_t count;
    seat *seats;

    unsigned deaths; /* in a row, before one was ready */
    int64_t mend_at; /* while broken: the next start */
    tl_error why;    /* of the last such death */
};

/* ---- a seat's picture ------------------------------------------------------------- */

void
helper_result_clear(helper_result *self)
{
    tl_buf_destroy(&self->thumb);
    *self = (helper_result){0};
}

static void
finish(seat *at, tl_fault fault)
{
    at->finished = true;
    at->result.fault = fault;
    helper_unload(at->helper);
}

static void
vacate(seat *at)
{
    helper_result_clear(&at->result);
    at->taken = at->wanted = at->finished = false;
    at->tries = 0;
}

/* The answer has been checked, so its numbers are kinds and a fault. */
static void
on_answer(seat *at)
{
    const wire_answer *answer = helper_answer(at->helper);
    helper_result *result = &at->result;

    result->facts.kind = (picture_kind) answer->kind;
    result->facts.size = answer->size;
    result->facts.thumb_kind = (picture_kind) answer->thumb_kind;
    result->facts.thumb_size = answer->thumb_size;
    memcpy(result->detail, answer->detail, sizeof result->detail);
    if (answer->fault == TL_OK)
        result->thumb = helper_take_thumb(at->helper);
    finish(at, (tl_fault) answer->fault);
}

/* ---- a seat's process ------------------------------------------------------------- */

static bool
broken(const helpers *self)
{
    return self->deaths >= BROKEN_DEATHS;
}

static void
on_death_before_ready(helpers *self, int64_t now_ms)
{
    self->deaths++;
    self->mend_at = now_ms + MEND_MS;
}

static tl_fault
watch(helpers *self, size_t index, tl_error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = index};

    if (epoll_ctl(self->poll, EPOLL_CTL_ADD, helper_link(self->seats[index].helper),
                  &event) != 0)
        return tl_fail_errno(err, TL_CANNOT_START, "watching a helper");
    return TL_OK;
}

static void
start(helpers *self, seat *at, int64_t now_ms)
{
    size_t index = (size_t) (at - self->seats);

    at->ready = at->overdue = false;
    at->pictures = 0;
    if (helper_start(at->helper, self->program, &self->why) != TL_OK ||
        watch(self, index, &self->why) != TL_OK) {
        helper_end(at->helper);
        on_death_before_ready(self, now_ms);
        return;
    }
    at->state = STARTING;
    at->deadline = now_ms + START_MS;
}

static void
stop(seat *at, int64_t now_ms)
{
    helper_kill(at->helper);
    at->state = DYING;
    at->deadline = now_ms; /* often it is dead already, and that is why */
}

static void
ask(helpers *self, seat *at, int64_t now_ms)
{
    tl_error err;

    if (helper_ask(at->helper, at->box, &err) != TL_OK) {
        stop(at, now_ms); /* it died a moment ago; the picture waits for the next one */
        return;
    }
    at->tries++;
    at->state = BUSY;
    at->deadline = now_ms + self->deadline_ms;
}

/* What its end says about the picture it had. */
static tl_fault
judge(const helpers *self, const seat *at, int status, char *detail)
{
    enum { ROOM = WIRE_DETAIL_BYTES };

    if (at->overdue) {
        (void) snprintf(detail, ROOM, "nothing came of it within %" PRId64 " ms",
                        at->ready ? self->deadline_ms : START_MS);
        return TL_DECODE_TIMEOUT;
    }
    if (WIFSIGNALED(status)) {
        (void) snprintf(detail, ROOM, "the decoder died of signal %d", WTERMSIG(status));
        return WTERMSIG(status) == SIGXCPU ? TL_DECODE_TIMEOUT : TL_DECODE_CRASHED;
    }
    (void) snprintf(detail, ROOM, "the decoder ended with status %d",
                    WEXITSTATUS(status));
    return WEXITSTATUS(status) == WIRE_EXIT_MEMORY ? TL_DECODE_MEMORY : TL_DECODE_CRASHED;
}

static void
on_end(helpers *self, seat *at, int status, int64_t now_ms)
{
    char detail[WIRE_DETAIL_BYTES];
    tl_fault fault = judge(self, at, status, detail);

    at->state = VACANT;
    if (!at->ready) {
        (void) tl_fail(&self->why, TL_CANNOT_START, "helper %s does not become ready: %s",
                       self->program, detail);
        on_death_before_ready(self, now_ms);
    } else if (at->taken && !at->finished && (at->tries >= TRIES || !at->wanted)) {
        memcpy(at->result.detail, detail, sizeof detail);
        finish(at, fault);
    }
    at->ready = false;
}

static void
on_ready(helpers *self, seat *at, int64_t now_ms)
{
    self->deaths = 0;
    at->ready = true;
    at->state = IDLE;
    if (at->taken && !at->finished)
        ask(self, at, now_ms);
}

static void
on_event(helpers *self, seat *at, int64_t now_ms)
{
    switch (helper_listen(at->helper)) {
    case HELPER_SILENT:
        break;
    case HELPER_READY:
        on_ready(self, at, now_ms);
        break;
    case HELPER_ANSWERED:
        on_answer(at);
        at->state = IDLE;
        if (++at->pictures >= PICTURES)
            stop(at, now_ms);
        break;
    case HELPER_LOST:
        stop(at, now_ms);
        break;
    }
}

/* ---- life ------------------------------------------------------------------------- */

static tl_fault
take_seats(helpers *self, const helpers_settings *settings, tl_error *err)
{
    self->program = strdup(settings->program);
    self->seats = calloc(settings->count, sizeof *self->seats);
    if (!self->program || !self->seats)
        return tl_fail(err, TL_NO_MEMORY, "%zu helpers", settings->count);
    if (access(self->program, X_OK) != 0)
        return tl_fail_errno(err, TL_CANNOT_START, "helper %s", self->program);
    self->poll = epoll_create1(EPOLL_CLOEXEC);
    if (self->poll < 0)
        return tl_fail_errno(err, TL_SYSTEM, "watching helpers");
    for (; self->count < settings->count; self->count++) {
        self->seats[self->count].helper = helper_new(settings->body_bytes, err);
        if (!self->seats[self->count].helper)
            return err->fault;
    }
    return TL_OK;
}

helpers *
helpers_new(const helpers_settings *settings, int64_t now_ms, tl_error *err)
{
    TL_SCOPED(helpers_destroy) helpers *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "helpers");
        return NULL;
    }
    self->poll = -1;
    self->deadline_ms = settings->deadline_ms;
    if (take_seats(self, settings, err) != TL_OK)
        return NULL;
    for (size_t i = 0; i < self->count; i++) {
        start(self, &self->seats[i], now_ms);
        if (self->seats[i].state == VACANT) { /* exec itself failed: it will not mend */
            *err = self->why;
            return NULL;
        }
    }
    return TL_GIVE(self);
}

void
helpers_destroy(helpers **self_p)
{
    assert(self_p);
    helpers *self = *self_p;

    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) /* all die while we wait for the first */
        helper_kill(self->seats[i].helper);
    for (size_t i = 0; i < self->count; i++) {
        helper_result_clear(&self->seats[i].result);
        helper_destroy(&self->seats[i].helper);
    }
    if (self->poll >= 0)
        (void) close(self->poll);
    free(self->seats);
    free(self->program);
    free(self);
    *self_p = NULL;
}

/* ---- the worker's side ------------------------------------------------------------ */

static bool
free_seat(const seat *at)
{
    return at->state == IDLE && !at->taken;
}

size_t
helpers_idle(const helpers *self)
{
    size_t idle = 0;

    for (size_t i = 0; i < self->count; i++)
        idle += free_seat(&self->seats[i]);
    return idle;
}

tl_fault
helpers_submit(helpers *self, const helper_job *job, int64_t now_ms, tl_error *err)
{
    seat *at = self->seats;

    while (at < self->seats + self->count && !free_seat(at))
        at++;
    assert(at < self->seats + self->count);
    if (helper_load(at->helper, job->bytes, job->size, err) != TL_OK)
        return err->fault;
    at->taken = at->wanted = true;
    at->box = job->box;
    at->result.ticket = job->ticket;
    ask(self, at, now_ms);
    return TL_OK;
}

void
helpers_cancel(helpers *self, uint64_t ticket)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->seats[i].taken && self->seats[i].result.ticket == ticket)
            self->seats[i].wanted = false;
}

/* Whatever a seat needs because time has passed. */
static void
on_time(helpers *self, seat *at, int64_t now_ms)
{
    if ((at->state == BUSY || at->state == STARTING) && now_ms >= at->deadline) {
        at->overdue = true;
        stop(at, now_ms);
    }
    if (at->state == DYING && now_ms >= at->deadline) {
        int status = 0;

        if (helper_ended(at->helper, &status))
            on_end(self, at, status, now_ms);
        at->deadline = now_ms + REAP_MS;
    }
    if (at->state == VACANT && (!broken(self) || now_ms >= self->mend_at))
        start(self, at, now_ms);
    if (broken(self) && !at->ready && at->taken && !at->finished) {
        (void) snprintf(at->result.detail, sizeof at->result.detail, "%.*s",
                        WIRE_DETAIL_BYTES - 1, self->why.text);
        finish(at, TL_CANNOT_START);
    }
}

bool
helpers_next(helpers *self, int64_t now_ms, helper_result *result)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(self->poll, events, EVENTS, 0);

    for (int i = 0; i < count; i++)
        on_event(self, &self->seats[events[i].data.u64], now_ms);
    for (size_t i = 0; i < self->count; i++)
        on_time(self, &self->seats[i], now_ms);

    for (seat *at = self->seats; at < self->seats + self->count; at++) {
        if (!at->finished)
            continue;

        bool wanted = at->wanted;
        if (wanted) {
            *result = at->result;
            at->result = (helper_result){0};
        }
        vacate(at);
        if (wanted)
            return true;
    }
    return false;
}

int
helpers_fd(const helpers *self)
{
    return self->poll;
}

int64_t
helpers_deadline(const helpers *self)
{
    int64_t next = -1;

    for (size_t i = 0; i < self->count; i++) {
        const seat *at = &self->seats[i];
        int64_t due = at->state == VACANT ? self->mend_at : at->deadline;

        if (at->state != IDLE && (next < 0 || due < next))
            next = due;
    }
    return next;
}

bool
helpers_broken(const helpers *self, tl_error *why)
{
    if (broken(self))
        *why = self->why;
    return broken(self);
}

pid_t
helpers_pid(const helpers *self, size_t index)
{
    return index < self->count ? helper_pid(self->seats[index].helper) : 0;
}
