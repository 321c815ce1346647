/* setup — what a run needs before its programs start: a folder for its pictures, a
 * record, and what each program is told.
 *
 * Why it exists: `thumbline run links.txt` says none of this, and the three programs
 * want to hear the same from it. */
#ifndef LAUNCHER_SETUP_H
#define LAUNCHER_SETUP_H

#include "launcher/words.h"
#include "proto/options.h"

typedef struct setup setup;

/* Decides, makes the folders, and looks whether the lists can be read. The options stay
 * the caller's and must outlive it. */
setup *setup_new(const tl_options *options, tl_error *err);
void setup_destroy(setup **self_p);

/* The command line of a program; `sockets` is the folder where they meet. */
words *setup_words(const setup *self, tl_program program, const char *sockets);

bool setup_reads_stdin(const setup *self);

#endif
