/* job — one task, from its arrival to its report, and all that is found out on the way.
 *
 * Why it exists: a link passes a transfer, a helper and a disk, each of which takes its
 * time. The job is what is handed on between them: plain data, at one stage at a time.
 *
 *     QUEUED -> FETCHING -> TO_SHRINK -> SHRINKING -> TO_STORE -> STORING -> SYNCING
 *                   |                        |           ^           |          |
 *                   v                        v           '-----------'          v
 *                 ENDED <────────────────────┴──────────── (its file was there) ┘
 *                   |
 *                   '-> REPORTING, if the sink's queue is full
 */
#ifndef WORKER_JOB_H
#define WORKER_JOB_H

#include "proto/message.h"
#include "worker/fetch.h"
#include "worker/shrink/picture.h"
#include "worker/store.h"

typedef enum {
    JOB_QUEUED, /* not begun: may be returned */
    JOB_FETCHING,
    JOB_TO_SHRINK, /* waits for a helper */
    JOB_SHRINKING,
    JOB_TO_STORE,
    JOB_STORING,
    JOB_SYNCING, /* written, waits for the disk */
    JOB_ENDED,
    JOB_REPORTING, /* its report waits for the sink */
} job_stage;

typedef struct job {
    struct job *next; /* in the queue it is in */
    struct run *run;
    job_stage stage;
    bool dropped;     /* not wanted any more: end it without a report */
    bool unserved;    /* this machine could not work on it: give it back */
    int64_t since_us; /* when the present wait began */

    uint64_t id;
    uint64_t attempt;
    bool last;
    uint8_t key[TL_KEY_BYTES];
    const char *url; /* in text */
    const char *name;

    tl_fault fault;
    char detail[FETCH_DETAIL_BYTES];
    uint64_t http;
    uint64_t after_ms;
    char *final_url; /* after redirects; NULL if unchanged */
    tl_buf *body;
    uint64_t bytes; /* of the body, which is freed early */
    picture_facts facts;
    tl_buf *thumb;
    store_order order;
    uint64_t queued; /* microseconds each */
    uint64_t dns;
    uint64_t connect;
    uint64_t tls;
    uint64_t first_byte;
    uint64_t body_time;
    uint64_t shrink;
    uint64_t store;

    char text[];
} job;

/* NULL when memory is out. The task has been checked. */
job *job_new(struct run *run, const tl_task *task, int64_t now_us);

/* Its body must have gone back to the pool. */
void job_free(job *self);

/* Microseconds since the present wait began; the next one begins now. */
uint64_t job_lap(job *self, int64_t now_us);

/* First in, first out. */
typedef struct {
    job *first;
    job *last;
    size_t count;
} job_queue;

void job_queue_put(job_queue *self, job *it);
job *job_queue_take(job_queue *self); /* NULL if it is empty */
bool job_queue_remove(job_queue *self, const job *it);

#endif
