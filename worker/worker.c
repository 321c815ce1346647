#include "worker/worker.h"

#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "proto/clock.h"
#include "proto/limits.h"
#include "proto/log.h"
#include "proto/scope.h"
#include "worker/places.h"
#include "worker/worker_self.h"

enum { SLEEP_MS = 1000 }; /* at most: a wake-up that is missed costs no more */

/* ---- from birth to death ---------------------------------------------------------- */

static bool
is_known(const worker *self, const char *endpoint)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(control_endpoint(self->places[i].control), endpoint) == 0)
            return true;
    return false;
}

static tl_fault
dial(worker *self, const char *word, tl_error *err)
{
    char endpoint[TL_ENDPOINT_BYTES];
    size_t count = places_count(word, err);

    for (size_t i = 0; i < count; i++) {
        places_at(word, i, endpoint);
        if (is_known(self, endpoint))
            continue; /* two lanes of one worker would share nothing but trouble */
        if (self->count == VENTILATORS)
            return tl_fail(err, TL_USAGE, "more than %d ventilators are given",
                           VENTILATORS);
        control *made = control_new(endpoint, self->settings.me.insecure, err);
        if (!made)
            return tl_within(err, "--ventilator %s", word);
        self->places[self->count++].control = made;
    }
    if (count == 0)
        return err->fault;
    tl_log(TL_LOG_NOTE, "worker.dialling", "ventilator=%s places=%zu", word, count);
    return TL_OK;
}

/* Each transfer, socket and helper takes descriptors, and the usual limit is 1024. */
static void
raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit); /* then transfers fail one by one */
    }
}

worker *
worker_new(const tl_options *options, tl_interrupt *interrupt, tl_error *err)
{
    size_t words = tl_items(options, TL_OPT_VENTILATOR);
    TL_SCOPED(worker_destroy) worker *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "starting");
        return NULL;
    }
    self->interrupt = interrupt;
    if (words == 0) {
        (void) tl_fail(err, TL_USAGE,
                       "say where the ventilator is: --ventilator tcp://HOST:5557");
        return NULL;
    }
    if (settings_read(&self->settings, options, err) != TL_OK)
        return NULL;
    raise_descriptors();
    if (!self->settings.null) {
        self->pipeline = pipeline_new(&self->settings.pipeline, tl_now_ms(), err);
        if (!self->pipeline)
            return NULL;
    }
    for (size_t i = 0; i < words; i++)
        if (dial(self, tl_item(options, TL_OPT_VENTILATOR, i), err) != TL_OK)
            return NULL;
    tl_log(TL_LOG_NOTE, "worker.started", "worker=%s slots=%" PRIu32 " helpers=%zu",
           self->settings.name, self->settings.slots,
           self->pipeline ? self->settings.pipeline.helpers : 0);
    return TL_GIVE(self);
}

void
worker_destroy(worker **self_p)
{
    assert(self_p);
    worker *self = *self_p;

    if (!self)
        return;
    pipeline_destroy(&self->pipeline); /* first: its jobs belong to the runs */
    for (size_t i = 0; i < self->count; i++) {
        run_destroy(&self->places[i].run);
        control_destroy(&self->places[i].control);
    }
    settings_clear(&self->settings);
    free(self);
    *self_p = NULL;
}

/* ---- the loop --------------------------------------------------------------------- */

static void
on_interrupt(worker *self)
{
    for (int signal;
         self->interrupted && (signal = tl_interrupt_next(self->interrupt));) {
        if (self->draining && signal != SIGHUP)
            self->left_at_once = true;
        worker_drain(self, signal == SIGHUP ? "the launcher is gone" : "by a signal");
    }
    self->interrupted = false;
}

static void
turn(worker *self)
{
    self->now_us = tl_now_us();
    self->now_ms = self->now_us / 1000;
    on_interrupt(self);
    for (size_t i = 0; i < self->count; i++) {
        worker_hear(self, &self->places[i]);
        if (self->places[i].run)
            worker_look_after(self, &self->places[i]);
    }
    worker_work(self);
    worker_reshare(self);
    for (size_t i = 0; i < self->count; i++)
        worker_speak(self, &self->places[i]);
}

/* Nothing is held, and all who can hear it know. */
static bool
has_finished(const worker *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const place *at = &self->places[i];

        if (at->run && (run_held(at->run) > 0 || !(run_is_told(at->run) || at->unheard)))
            return false;
    }
    return true;
}

static void
watch(worker *self, int descriptor, ear *of)
{
    self->ears[self->watched] = of;
    self->descriptors[self->watched++] =
        (struct pollfd){.fd = descriptor, .events = POLLIN};
}

/* All of a place's sockets; true if one of them has something already. */
static bool
watch_place(worker *self, place *at)
{
    ear *ears[1 + RUN_EARS] = {control_ear(at->control)};
    size_t count = 1 + (at->run ? run_ears(at->run, ears + 1) : 0);
    bool waits = at->unheard && (at->run || !self->draining);
    bool ready = false;

    ears[0]->events = ZMQ_POLLIN | (waits ? ZMQ_POLLOUT : 0);
    for (size_t i = 0; i < count; i++) {
        watch(self, ears[i]->descriptor, ears[i]);
        ready |= ear_is_ready(ears[i]);
    }
    return ready;
}

static int64_t
next_deadline_ms(const worker *self)
{
    int64_t next = self->now_ms + SLEEP_MS;

    if (self->pipeline && pipeline_deadline_ms(self->pipeline) < next)
        next = pipeline_deadline_ms(self->pipeline);
    for (size_t i = 0; i < self->count; i++) {
        const place *at = &self->places[i];
        int64_t due =
            at->run ? run_tell_at_ms(at->run) : control_next_hello_ms(at->control);

        /* What could not be said is said when somebody comes; the socket wakes us. */
        if (!at->unheard && !at->over && due < next)
            next = due;
    }
    return next;
}

static void
wake_up(worker *self)
{
    for (size_t i = 0; i < self->watched; i++) {
        if (!self->descriptors[i].revents)
            continue;
        if (self->ears[i])
            self->ears[i]->awake = true;
        else
            self->interrupted = true;
    }
}

static void
sleep_until_needed(worker *self)
{
    bool ready = self->pipeline && pipeline_is_ready(self->pipeline);

    self->watched = 0;
    watch(self, self->interrupt->signals, NULL);
    if (self->interrupt->lifeline != -1)
        watch(self, self->interrupt->lifeline, NULL);
    for (size_t i = 0; i < self->count; i++)
        ready |= watch_place(self, &self->places[i]);
    int64_t left = next_deadline_ms(self) - tl_now_ms();
    int timeout = ready || left < 0 ? 0 : (int) left;
    struct pollfd *more = &self->descriptors[self->watched];
    size_t count = self->watched + (self->pipeline ? PIPELINE_DESCRIPTORS : 0);
    if (self->pipeline)
        pipeline_watch(self->pipeline, more);
    if (poll(self->descriptors, count, timeout) < 0)
        return; /* a signal that is not ours; the next turn asks again */
    if (self->pipeline)
        pipeline_wake(self->pipeline, more);
    wake_up(self);
}

bool
worker_run(worker *self)
{
    turn(self);
    while (!self->left_at_once && !(self->draining && has_finished(self))) {
        sleep_until_needed(self);
        turn(self);
    }
    tl_log(TL_LOG_NOTE, "worker.left", "worker=%s", self->settings.name);
    return !self->left_at_once;
}
