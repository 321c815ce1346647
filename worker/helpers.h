/* helpers — the pool of thumbline-shrink processes: pictures in, thumbnails out, and the
 * worker's loop never waits.
 *
 * Why it exists: a helper may crash, hang or lie; that costs one link, not the worker. A
 * helper that dies or is over its deadline is killed and replaced, and its picture gets
 * one more try, in the fresh one: a crash may have been the fault of a picture before it,
 * two are its own.
 *
 *     poll: helpers_fd() readable, at most until helpers_deadline()
 *     then: while (helpers_next(pool, now, &result)) ...; while (helpers_idle(pool))
 * submit
 */
#ifndef HELPERS_H
#define HELPERS_H

#include <sys/types.h>

#include "proto/buf.h"
#include "worker/shrink/wire.h"

typedef struct helpers helpers;

typedef struct {
    size_t count;
    const char *program; /* path of thumbline-shrink */
    int64_t deadline_ms; /* for one try of one picture */
    size_t body_bytes;   /* the largest picture; only what is used takes memory */
} helpers_settings;

typedef struct {
    uint64_t ticket; /* the caller's name for it */
    const uint8_t *bytes;
    size_t size;
    picture_size box;
} helper_job;

/* TL_OK, or a fault that ends the link (TL_NOT_AN_IMAGE to TL_ENCODE_FAILED), or
 * TL_CANNOT_START: no helper runs on this machine, and the link should go elsewhere. */
typedef struct {
    uint64_t ticket;
    tl_fault fault;
    picture_facts facts; /* what is known; all of it if there is no fault */
    tl_buf *thumb;       /* NULL after a fault */
    char detail[WIRE_DETAIL_BYTES];
} helper_result;

void helper_result_clear(helper_result *self);

/* Starts the helpers, which are ready a moment later. They die with the calling thread.
 * TL_CANNOT_START names a program that is missing. */
helpers *helpers_new(const helpers_settings *settings, int64_t now_ms, tl_error *err);

/* Kills and reaps them all; their pictures are forgotten. */
void helpers_destroy(helpers **self_p);

/* How many pictures could be submitted now. */
size_t helpers_idle(const helpers *self);

/* Hand over a picture; its bytes are copied. The caller has seen that one is idle.
 * TL_TOO_LARGE. */
tl_fault helpers_submit(helpers *self, const helper_job *job, int64_t now_ms,
                        tl_error *err);

/* A finished picture, if there is one; the result is the caller's to clear. Also does all
 * that is due: deadlines, deaths, replacements. */
bool helpers_next(helpers *self, int64_t now_ms, helper_result *result);

/* The picture is not wanted any more: it will not come out of helpers_next. */
void helpers_cancel(helpers *self, uint64_t ticket);

/* One descriptor that stands for all; readable when helpers_next has something to do. */
int helpers_fd(const helpers *self);

/* When helpers_next must be called even if the descriptor is silent; -1: never. */
int64_t helpers_deadline(const helpers *self);

/* Has the program died several times in a row before it was ready? Then `why` says how;
 * it is started again once a second, in case somebody mends it. */
bool helpers_broken(const helpers *self, tl_error *why);

/* The process of helper `index`, for logs and tests; 0 if there is none. */
pid_t helpers_pid(const helpers *self, size_t index);

#endif
