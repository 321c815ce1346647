#include "worker/job.h"

#include <stdlib.h>
#include <string.h>

job *
job_new(struct run *run, const tl_task *task, int64_t now_us)
{
    job *self = calloc(1, sizeof *self + task->url.size + 1 + task->name.size + 1);

    if (!self)
        return NULL;
    char *url = self->text;
    char *name = url + task->url.size + 1;
    memcpy(url, task->url.at, task->url.size);
    memcpy(name, task->name.at, task->name.size);
    self->url = url;
    self->name = name;
    self->run = run;
    self->since_us = now_us;
    self->id = task->id;
    self->attempt = task->attempt;
    self->last = task->last;
    memcpy(self->key, task->key.at, sizeof self->key);
    return self;
}

void
job_free(job *self)
{
    if (!self)
        return;
    free(self->final_url);
    tl_buf_destroy(&self->thumb);
    tl_buf_destroy(&self->order.found);
    free(self);
}

uint64_t
job_lap(job *self, int64_t now_us)
{
    int64_t lap = now_us - self->since_us;

    self->since_us = now_us;
    return lap > 0 ? (uint64_t) lap : 0;
}

void
job_queue_put(job_queue *self, job *it)
{
    it->next = NULL;
    if (self->first)
        self->last->next = it;
    else
        self->first = it;
    self->last = it;
    self->count++;
}

job *
job_queue_take(job_queue *self)
{
    job *it = self->first;

    if (!it)
        return NULL;
    self->first = it->next;
    self->count--;
    return it;
}

bool
job_queue_remove(job_queue *self, const job *it)
{
    job *before = NULL;

    for (job *at = self->first; at; before = at, at = at->next) {
        if (at != it)
            continue;
        if (before)
            before->next = at->next;
        else
            self->first = at->next;
        if (self->last == at)
            self->last = before;
        self->count--;
        return true;
    }
    return false;
}
