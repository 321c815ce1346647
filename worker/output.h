/* output — the folder that a run's pictures go to.
 *
 * Why it exists: the run names a folder, the machine's owner names a root, and what lies
 * outside the root is refused, with `..`, symbolic links and all. Everything later is
 * done relative to the open folder, so nobody can swap the path under our feet. */
#ifndef WORKER_OUTPUT_H
#define WORKER_OUTPUT_H

#include "proto/fault.h"

typedef struct output output;

/* Open `folder`, making it if need be; a relative one is below `root`. `worker` is part
 * of temporary names. NULL with TL_REFUSED (outside the root) or TL_CANNOT_START (cannot
 * be made or written to). */
output *output_open(const char *root, const char *folder, const char *worker,
                    tl_error *err);
void output_close(output **self_p);

/* The open folder. */
int output_descriptor(const output *self);

/* A file to write to, which nobody sees before it is published: it has no name at all
 * where the file system can do that (then not even kill -9 leaves it behind), else the
 * hidden one that `name` (NAME_MAX + 1) gets; "" means none. -1 and errno. */
int output_draft(output *self, char *name);

/* A hidden name in the folder that nobody uses. */
void output_hidden_name(output *self, char *name);

#endif
