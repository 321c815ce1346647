/* settings — the worker's options, checked and completed from the machine.
 *
 * Why it exists: defaults like the number of cores or the path of the helper program are
 * facts of the machine, and a wrong option is best refused before anything starts. */
#ifndef WORKER_SETTINGS_H
#define WORKER_SETTINGS_H

#include <limits.h>

#include "proto/options.h"
#include "worker/guard.h"
#include "worker/pipeline.h"
#include "worker/run.h"

typedef struct {
    identity me;
    char name[TL_WORKER_NAME_BYTES + 1];
    char root[PATH_MAX];
    char shrink[PATH_MAX];
    bool null; /* work on nothing, for measuring the rest */
    uint32_t slots;
    guard *gate;
    pipeline_settings pipeline;
} settings;

/* TL_USAGE or TL_CANNOT_START with a sentence. Clear it in either case. */
tl_fault settings_read(settings *self, const tl_options *options, tl_error *err);
void settings_clear(settings *self);

#endif
