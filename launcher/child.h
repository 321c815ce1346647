/* child — one of the programs that we run: started, told things, seen to its end.
 *
 * Why it exists: the launcher must leave no process behind and take none for another's.
 * A child is in a process group of its own, so that the terminal's Ctrl-C reaches only
 * us, and so that whatever it started goes with it. */
#ifndef LAUNCHER_CHILD_H
#define LAUNCHER_CHILD_H

#include "launcher/words.h"
#include "proto/fault.h"

typedef struct child child;

/* What every child holds while it lives. */
typedef struct {
    int lifeline; /* the pipe's end that tells it of our death */
    int folder;   /* of the sockets */
} child_ties;

/* How it is started. */
typedef struct {
    const char *program; /* "thumbline-sink"; its file is beside our own */
    int input;           /* its standard input */
    bool
        reads_terminal; /* so it stays in our group: a terminal has only one that reads */
} child_plan;

/* Not yet started; takes its words. TL_CANNOT_START if there is no such program. */
child *child_new(const child_plan *plan, words **words_p, tl_error *err);
void child_destroy(child **self_p);

/* Start it, or start it again. */
tl_fault child_start(child *self, const child_ties *ties, tl_error *err);

const char *child_program(const child *self);
bool child_is_running(const child *self);
bool child_reads_terminal(const child *self);

/* Tell it something; nothing happens if it does not run. */
void child_signal(const child *self, int number);

/* End it and all that it started, at once. It is still to be reaped. */
void child_kill(const child *self);

/* Has it ended since it was last asked about? `status` is waitpid's. What it left behind
 * has been killed by then. */
bool child_ended(child *self, int *status);

#endif
