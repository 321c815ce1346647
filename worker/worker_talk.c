#include <inttypes.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/log.h"
#include "proto/scope.h"
#include "worker/worker_self.h"

enum {
    FORGET_MS = 600000, /* a run whose ventilator is gone, with nothing left to do */
    STORAGE_MS = 10000, /* how long trouble with files is shown */
};

/* ---- what ventilators say --------------------------------------------------------- */

static void
end_run(worker *self, place *at)
{
    size_t next = 0;

    if (!at->over)
        tl_log(TL_LOG_NOTE, "run.over", "run=%" PRIu64, run_number(at->run));
    at->over = true;
    run_cancel(at->run, self->now_ms);
    for (job *it; self->pipeline && (it = run_next_held(at->run, &next));)
        pipeline_drop(self->pipeline, it);
}

static void
on_grant(worker *self, place *at, const void *message)
{
    const tl_grant *grant = message;
    tl_error err = {0};

    if (at->run && run_number(at->run) != grant->run)
        end_run(self, at); /* another run has its port now; it grants again */
    if (at->over || self->draining)
        return;
    if (!at->run)
        at->run = run_new(&self->settings.me, grant->run, self->now_ms);
    if (!at->run)
        return; /* no memory: it grants again */
    if (run_take_grant(at->run, grant, control_endpoint(at->control), self->now_ms,
                       &err) != TL_OK)
        tl_log(TL_LOG_WARNING, "run.declined", "run=%" PRIu64 " fault=%s %s", grant->run,
               tl_fault_label(err.fault), err.text);
    self->reshare_ms = self->now_ms;
}

void
worker_drain(worker *self, const char *why)
{
    if (!self->draining)
        tl_log(TL_LOG_NOTE, "worker.draining", "%s", why);
    self->draining = true;
    for (size_t i = 0; i < self->count; i++)
        if (self->places[i].run)
            run_drain(self->places[i].run, self->now_ms);
}

static void
on_answer(worker *self, place *at, const void *message)
{
    const tl_answer *answer = message;

    if (answer->drain)
        worker_drain(self, "the ventilator asked for it");
    if (!at->run || run_number(at->run) != answer->run)
        return;
    if (answer->cancel && run_cancelled_at_ms(at->run) == INT64_MAX) {
        tl_log(TL_LOG_NOTE, "run.cancelled", "run=%" PRIu64 " begun=%zu", answer->run,
               run_begun(at->run));
        run_cancel(at->run, self->now_ms);
    }
    if (answer->over)
        end_run(self, at);
}

void
worker_complain(place *at, const char *event, const char *text)
{
    if (control_is_news(at->control, text))
        tl_log(TL_LOG_WARNING, event, "ventilator=%s %s", control_endpoint(at->control),
               text);
}

static void
on_refused(worker *self, place *at, const void *message)
{
    const tl_refused *refused = message;
    char why[TL_TEXT_BYTES + 1];

    (void) self;
    worker_complain(at, "control.refused", tl_view_copy(refused->why, why, sizeof why));
}

static const struct {
    const tl_schema *schema;
    void (*handle)(worker *self, place *at, const void *message);
} heard[] = {
    {&TL_GRANT, on_grant},
    {&TL_ANSWER, on_answer},
    {&TL_REFUSED_MESSAGE, on_refused},
};

static void
on_frame(worker *self, place *at, zframe_t *frame)
{
    union {
        tl_grant grant;
        tl_answer answer;
        tl_refused refused;
    } message;
    tl_error err = {0};
    const tl_schema *schema = tl_peek(zframe_data(frame), zframe_size(frame), &err);

    for (size_t i = 0; schema && i < sizeof heard / sizeof heard[0]; i++) {
        if (heard[i].schema != schema)
            continue;
        memset(&message, 0, sizeof message);
        if (tl_decode(schema, &message, zframe_data(frame), zframe_size(frame), &err) ==
            TL_OK) {
            heard[i].handle(self, at, &message);
            return;
        }
    }
    if (schema && err.fault == TL_OK)
        (void) tl_fail(&err, TL_MALFORMED, "%s came from a ventilator", schema->name);
    worker_complain(at, "control.bad_message", err.text);
}

void
worker_hear(worker *self, place *at)
{
    bool changed = false;

    for (;;) {
        TL_SCOPED(zframe_destroy)
        zframe_t *frame = control_hear(at->control, self->now_ms);

        if (!frame)
            break;
        on_frame(self, at, frame);
    }
    bool silent = control_is_silent(at->control, self->now_ms, &changed);
    if (changed && at->run)
        tl_log(TL_LOG_WARNING, silent ? "control.silent" : "control.back",
               "ventilator=%s %s", control_endpoint(at->control),
               silent ? "we go on with what is held and wait for it" : "");
}

/* ---- what we say ------------------------------------------------------------------ */

static void
say_hello(worker *self, place *at)
{
    tl_hello hello = {
        .worker = tl_view(self->settings.name),
        .boot = self->settings.me.boot,
        .release = tl_view(tl_release()),
        .slots = self->settings.slots,
    };

    if (self->draining || !control_is_hello_due(at->control, self->now_ms))
        return;
    at->unheard = !control_say(at->control, &TL_HELLO, &hello);
    if (!at->unheard)
        control_said_hello(at->control, self->now_ms);
}

static void
show_trouble(const worker *self, place *at)
{
    bool fresh = at->storage_ms > 0 && self->now_ms - at->storage_ms < STORAGE_MS;

    if (!fresh)
        at->storage_ms = 0;
    run_set_trouble(at->run,
                    self->broken.fault ? self->broken.text
                    : fresh            ? at->storage
                                       : "",
                    self->broken.fault != TL_OK);
}

static bool
is_abandoned(const worker *self, place *at)
{
    bool changed = false;

    return control_is_silent(at->control, self->now_ms, &changed) &&
           run_held(at->run) == 0 && !run_waits_for_sink(at->run) &&
           self->now_ms - run_idle_since_ms(at->run) > FORGET_MS;
}

void
worker_speak(worker *self, place *at)
{
    if (!at->run) {
        say_hello(self, at);
        return;
    }
    show_trouble(self, at);
    if (!at->over)
        at->unheard = !run_tell(at->run, at->control, self->now_ms);
    if ((at->over && run_begun(at->run) == 0) || is_abandoned(self, at)) {
        run_destroy(&at->run);
        at->over = false;
    }
}
