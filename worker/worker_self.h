/* worker_self — the inside of the worker, for the three files that make it.
 *
 * Why it exists: worker.c has its life and its loop, worker_talk.c what it hears from
 * ventilators and tells them, worker_work.c what becomes of links. */
#ifndef WORKER_WORKER_SELF_H
#define WORKER_WORKER_SELF_H

#include "worker/settings.h"
#include "worker/worker.h"

enum {
    VENTILATORS = 256, /* sockets, descriptors and hellos have to stay few */
    DESCRIPTORS = 2 + PIPELINE_DESCRIPTORS + VENTILATORS * (1 + RUN_EARS),
};

/* One place where a ventilator may be, and its run if it has one. */
typedef struct {
    control *control;
    run *run;
    bool over;          /* end the run as soon as nothing of it is at work */
    bool unheard;       /* what should be said could not be: nobody is there */
    int64_t storage_ms; /* when a file could not be written; 0: never */
    char storage[FETCH_DETAIL_BYTES];
} place;

struct worker {
    settings settings;
    tl_interrupt *interrupt;
    pipeline *pipeline; /* NULL in null mode */
    place places[VENTILATORS];
    size_t count;
    int64_t now_us; /* read once a turn */
    int64_t now_ms;
    int64_t reshare_ms;
    tl_error broken; /* why helpers cannot run; TL_OK: they can */
    bool draining;
    bool left_at_once;
    bool interrupted; /* a signal or the lifeline has something to say */
    struct pollfd descriptors[DESCRIPTORS];
    ear *ears[DESCRIPTORS]; /* whose descriptor it is; NULL: an interrupt's */
    size_t watched;
};

/* worker_talk.c: read what came; say what is due. */
void worker_hear(worker *self, place *at);
void worker_speak(worker *self, place *at);

/* Log a complaint about a peer, each once. */
void worker_complain(place *at, const char *event, const char *text);

/* Return what is not begun, finish the rest, then leave. */
void worker_drain(worker *self, const char *why);

/* worker_work.c: look after the run's sockets and read its lane; move all jobs on; split
 * the slots between the runs. */
void worker_look_after(worker *self, place *at);
void worker_work(worker *self);
void worker_reshare(worker *self);

#endif
