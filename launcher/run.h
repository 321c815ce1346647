/* run — sink, worker and ventilator on this machine, from their start to the verdict.
 *
 * Why it exists: one machine should need one command. The three meet over ipc in a
 * private folder; here is only the care for them: which of them should run, what a
 * signal means, what to do about one that died, and in which order they leave. */
#ifndef LAUNCHER_RUN_H
#define LAUNCHER_RUN_H

#include "proto/options.h"

typedef struct run run;

/* Makes the folders; starts nothing yet. */
run *run_new(const tl_options *options, tl_error *err);

/* Kills and waits for what still runs. */
void run_destroy(run **self_p);

/* Until all three have ended. `code` is what the launcher exits with: the sink's
 * verdict, or the code of a program that could not go on and has said why. */
tl_fault run_until_done(run *self, int *code, tl_error *err);

#endif
