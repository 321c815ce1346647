#include "worker/pipeline.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "worker/helpers.h"
#include "worker/run.h"

enum { BODY_BYTES = 1 << 30 }; /* the most that --body-cap can be */

enum { FETCHED, HELPED, STORED }; /* the descriptors */

struct pipeline {
    bodies *bodies;
    fetch *fetch;
    helpers *helpers;
    store *store;
    bool fetch_rang; /* what the last sleep ended with */
    bool helpers_rang;
    job_queue to_shrink;
    job_queue to_store;
    job_queue ended;
};

pipeline *
pipeline_new(const pipeline_settings *settings, int64_t now_ms, tl_error *err)
{
    TL_SCOPED(pipeline_destroy) pipeline *self = calloc(1, sizeof *self);
    helpers_settings pool = {.count = settings->helpers,
                             .program = settings->shrink,
                             .deadline_ms = settings->shrink_ms,
                             .body_bytes = BODY_BYTES};

    if (!self || !(self->bodies = bodies_new(settings->memory))) {
        (void) tl_fail(err, TL_NO_MEMORY, "starting");
        return NULL;
    }
    self->helpers = helpers_new(&pool, now_ms, err);
    if (!self->helpers)
        return NULL;
    self->fetch = fetch_new(settings->downloads, settings->gate, self->bodies, err);
    if (!self->fetch)
        return NULL;
    self->store = store_new(err);
    return self->store ? TL_GIVE(self) : NULL;
}

void
pipeline_destroy(pipeline **self_p)
{
    assert(self_p);
    pipeline *self = *self_p;

    if (!self)
        return;
    store_destroy(&self->store); /* first: it reads what the others own */
    fetch_destroy(&self->fetch);
    helpers_destroy(&self->helpers);
    bodies_destroy(&self->bodies);
    free(self);
    *self_p = NULL;
}

/* ---- stages ----------------------------------------------------------------------- */

/* Which stage may follow which; job.h has the picture. */
static const bool follows[][JOB_REPORTING + 1] = {
    [JOB_FETCHING] = {[JOB_TO_SHRINK] = true, [JOB_ENDED] = true},
    [JOB_TO_SHRINK] = {[JOB_SHRINKING] = true, [JOB_ENDED] = true},
    [JOB_SHRINKING] = {[JOB_TO_STORE] = true, [JOB_ENDED] = true},
    [JOB_TO_STORE] = {[JOB_STORING] = true, [JOB_ENDED] = true},
    [JOB_STORING] = {[JOB_SYNCING] = true, [JOB_TO_SHRINK] = true, [JOB_ENDED] = true},
    [JOB_SYNCING] = {[JOB_ENDED] = true},
};

static void
move(job *it, job_stage stage)
{
    assert(it->stage < sizeof follows / sizeof follows[0] && follows[it->stage][stage]);
    it->stage = stage;
}

/* The memory goes back at once; the job's facts stay until it is reported. */
static void
end(pipeline *self, job *it)
{
    move(it, JOB_ENDED);
    bodies_give(self->bodies, &it->body);
    tl_buf_destroy(&it->thumb);
    tl_buf_destroy(&it->order.found);
    job_queue_put(&self->ended, it);
}

static void
end_with(pipeline *self, job *it, tl_fault fault, const char *detail)
{
    it->fault = fault;
    (void) snprintf(it->detail, sizeof it->detail, "%.*s", FETCH_DETAIL_BYTES - 1,
                    detail);
    end(self, it);
}

/* ---- transfers -------------------------------------------------------------------- */

bool
pipeline_has_room(const pipeline *self)
{
    return fetch_has_room(self->fetch);
}

void
pipeline_begin(pipeline *self, job *it, int64_t now_us)
{
    const wishes *wanted = run_wishes(it->run);
    fetch_order order = {
        .ticket = it,
        .url = it->url,
        .agent = wanted->agent,
        .connect_ms = wanted->connect_ms,
        .transfer_ms = wanted->transfer_ms,
        .low_speed_ms = wanted->low_speed_ms,
        .body_cap = wanted->body_cap,
    };

    it->since_us = now_us;
    fetch_start(self->fetch, &order, now_us / 1000);
}

static void
on_fetched(pipeline *self, fetch_result *result, int64_t now_us)
{
    job *it = result->ticket;

    it->http = result->http;
    it->after_ms = result->after_ms;
    it->dns = result->dns;
    it->connect = result->connect;
    it->tls = result->tls;
    it->first_byte = result->first_byte;
    it->body_time = result->body_time;
    if (result->url[0] != '\0')
        it->final_url = strdup(result->url); /* without memory it is not told */
    if (result->fault != TL_OK) {
        end_with(self, it, result->fault, result->detail);
        return;
    }
    it->body = TL_GIVE(result->body);
    it->bytes = tl_buf_size(it->body);
    it->since_us = now_us;
    move(it, JOB_TO_SHRINK);
    job_queue_put(&self->to_shrink, it);
}

/* ---- helpers ---------------------------------------------------------------------- */

static void
feed_helpers(pipeline *self, int64_t now_us)
{
    tl_error err = {0};

    while (helpers_idle(self->helpers) > 0) {
        job *it = job_queue_take(&self->to_shrink);
        if (!it)
            return;

        helper_job picture = {.ticket = (uintptr_t) it,
                              .bytes = tl_buf_bytes(it->body),
                              .size = tl_buf_size(it->body),
                              .box = run_wishes(it->run)->box};
        it->since_us = now_us;
        if (helpers_submit(self->helpers, &picture, now_us / 1000, &err) == TL_OK)
            move(it, JOB_SHRINKING);
        else
            end_with(self, it, TL_TOO_LARGE, err.text);
    }
}

static void
on_shrunk(pipeline *self, helper_result *result, int64_t now_us)
{
    job *it = (job *) (uintptr_t) result->ticket; /* NOLINT(performance-no-int-to-ptr) */

    it->shrink += job_lap(it, now_us);
    it->facts = result->facts;
    if (result->fault == TL_CANNOT_START) {
        it->unserved = true;
        end(self, it);
        return;
    }
    if (result->fault != TL_OK) {
        end_with(self, it, result->fault, result->detail);
        return;
    }
    it->thumb = TL_GIVE(result->thumb);
    move(it, JOB_TO_STORE);
    job_queue_put(&self->to_store, it);
}

/* ---- the disk --------------------------------------------------------------------- */

static void
write_order(job *it)
{
    const wishes *wanted = run_wishes(it->run);
    store_order *order = &it->order;

    order->folder = wanted->folder;
    order->originals = wanted->originals;
    order->sync = wanted->sync;
    order->wanted = it->name;
    order->source_type = picture_label(it->facts.kind);
    order->thumb_type = picture_label(it->facts.thumb_kind);
    memcpy(order->key, it->key, sizeof order->key);
    order->source = tl_buf_bytes(it->body);
    order->source_size = tl_buf_size(it->body);
    order->thumb = tl_buf_bytes(it->thumb);
    order->thumb_size = tl_buf_size(it->thumb);
}

static void
feed_store(pipeline *self)
{
    while (self->to_store.first) {
        job *it = self->to_store.first;

        write_order(it);
        if (!store_put(self->store, &it->order))
            return;
        (void) job_queue_take(&self->to_store);
        move(it, JOB_STORING);
    }
}

/* Another version of this link's original was there: all facts are to be that one's. */
static void
start_over(pipeline *self, job *it)
{
    bodies_give(self->bodies, &it->body);
    tl_buf_destroy(&it->thumb);
    it->body = TL_GIVE(it->order.found);
    bodies_adopt(self->bodies, it->body);
    it->bytes = tl_buf_size(it->body);
    it->order.original_is_there = true;
    move(it, JOB_TO_SHRINK);
    job_queue_put(&self->to_shrink, it);
}

static void
on_written(pipeline *self, job *it)
{
    if (it->order.error.fault != TL_OK) {
        end_with(self, it, it->order.error.fault, it->order.error.text);
    } else if (it->order.found) {
        start_over(self, it);
    } else if (it->order.sync) {
        move(it, JOB_SYNCING);
        bodies_give(self->bodies, &it->body);
        tl_buf_destroy(&it->thumb);
    } else {
        end(self, it);
    }
}

static job *
job_of(store_order *order)
{
    return (job *) (void *) ((char *) order - offsetof(job, order));
}

static void
on_stored(pipeline *self, job *it, store_stage stage, int64_t now_us)
{
    it->store += job_lap(it, now_us);
    if (stage == STORE_WRITTEN)
        on_written(self, it);
    else if (stage == STORE_UNSAFE)
        end_with(self, it, TL_WRITE_FAILED, "the disk did not keep what was written");
    else
        end(self, it);
}

/* ---- the loop --------------------------------------------------------------------- */

void
pipeline_work(pipeline *self, int64_t now_us)
{
    fetch_result fetched;
    helper_result shrunk;
    store_order *order = NULL;
    store_stage stage = STORE_WRITTEN;

    fetch_work(self->fetch, self->fetch_rang, now_us / 1000);
    while (fetch_next(self->fetch, &fetched))
        on_fetched(self, &fetched, now_us);
    int64_t due = helpers_deadline(self->helpers);
    bool helped = self->helpers_rang || (due >= 0 && now_us / 1000 >= due);
    while (helped && helpers_next(self->helpers, now_us / 1000, &shrunk)) {
        on_shrunk(self, &shrunk, now_us);
        helper_result_clear(&shrunk);
    }
    feed_store(self);
    while (store_next(self->store, &order, &stage))
        on_stored(self, job_of(order), stage, now_us);
    feed_store(self);
    feed_helpers(self, now_us);
}

void
pipeline_kick(pipeline *self, int64_t now_ms)
{
    if (now_ms >= fetch_deadline_ms(self->fetch))
        fetch_work(self->fetch, false, now_ms);
}

job *
pipeline_next(pipeline *self)
{
    return job_queue_take(&self->ended);
}

void
pipeline_drop(pipeline *self, job *it)
{
    if (it->stage == JOB_FETCHING)
        fetch_cancel(self->fetch, it);
    else if (it->stage == JOB_TO_SHRINK)
        (void) job_queue_remove(&self->to_shrink, it);
    else if (it->stage == JOB_SHRINKING)
        helpers_cancel(self->helpers, (uintptr_t) it);
    else if (it->stage == JOB_TO_STORE)
        (void) job_queue_remove(&self->to_store, it);
    else
        return;
    it->dropped = true;
    end(self, it);
}

bool
pipeline_is_ready(pipeline *self)
{
    return ear_is_ready(store_ear(self->store)) || self->ended.first ||
           (self->to_shrink.first && helpers_idle(self->helpers) > 0);
}

int64_t
pipeline_deadline_ms(const pipeline *self)
{
    int64_t helped = helpers_deadline(self->helpers);
    int64_t fetched = fetch_deadline_ms(self->fetch);

    return helped >= 0 && helped < fetched ? helped : fetched;
}

void
pipeline_watch(pipeline *self, struct pollfd *descriptors)
{
    const int watched[PIPELINE_DESCRIPTORS] = {
        [FETCHED] = fetch_descriptor(self->fetch),
        [HELPED] = helpers_fd(self->helpers),
        [STORED] = store_ear(self->store)->descriptor,
    };

    for (size_t i = 0; i < PIPELINE_DESCRIPTORS; i++)
        descriptors[i] = (struct pollfd){.fd = watched[i], .events = POLLIN};
}

void
pipeline_wake(pipeline *self, const struct pollfd *descriptors)
{
    self->fetch_rang = descriptors[FETCHED].revents != 0;
    self->helpers_rang = descriptors[HELPED].revents != 0;
    if (descriptors[STORED].revents)
        store_ear(self->store)->awake = true;
}

bool
pipeline_is_broken(const pipeline *self, tl_error *why)
{
    return helpers_broken(self->helpers, why);
}
