/* runtime_dir — the private folder of one `thumbline run`: its sockets, while it lives.
 *
 * Why it exists: however a run ends, kill -9 included, no socket file may stay. All its
 * processes have the folder itself open, under one shared flock, which the kernel drops
 * when the last of them is gone. Whoever leaves looks whether the folder is still held,
 * and removes it if not; what even that misses, since all were killed at once, the next
 * run sweeps. Nothing but sockets is ever deleted. */
#ifndef TL_RUNTIME_DIR_H
#define TL_RUNTIME_DIR_H

#include "proto/fault.h"

enum { TL_RUNTIME_DIR_BYTES = 72 }; /* ipc paths end at 107 bytes: 35 are for names */

/* The environment variable that holds the descriptor of the folder. */
#define TL_RUNTIME_FD "THUMBLINE_RUNTIME_FD"

typedef struct {
    int fd; /* close-on-exec: a child is given it on purpose */
    char path[TL_RUNTIME_DIR_BYTES];
} tl_runtime_dir;

/* A new folder, 0700, below $XDG_RUNTIME_DIR, /run/user/UID or /tmp, the first that
 * serves. Sweeps the dead ones of this user there. Single-threaded programs only. */
tl_fault tl_runtime_dir_make(tl_runtime_dir *self, tl_error *err);

/* The descriptor that the launcher left open for us; -1 if there is none. */
int tl_runtime_dir_inherited(void);

/* Stop using the folder, and remove it if nobody else does. *fd becomes -1. */
void tl_runtime_dir_leave(int *fd);

/* Remove the folders in `base` that are this user's and that nobody holds. */
void tl_runtime_dir_sweep(const char *base);

/* What tl_runtime_dir_make does, in a place of the caller's choice. */
tl_fault tl_runtime_dir_make_in(const char *base, tl_runtime_dir *self, tl_error *err);

#endif
