#include "launcher/child.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/interrupt.h"
#include "proto/runtime_dir.h"
#include "proto/scope.h"

struct child {
    child_plan plan;
    words *words;
    char path[PATH_MAX];
    pid_t pid; /* 0: it does not run */
};

/* The programs are beside ourselves, wherever that is. */
static tl_fault
find_program(child *self, tl_error *err)
{
    char here[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", here, sizeof here - 1);

    if (size == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot tell where we are");
    here[size] = '\0';
    char *slash = strrchr(here, '/');
    if (slash)
        *slash = '\0';
    int length =
        snprintf(self->path, sizeof self->path, "%s/%s", here, self->plan.program);
    if (length >= (int) sizeof self->path)
        return tl_fail(err, TL_CANNOT_START, "the path of %s is too long",
                       self->plan.program);
    if (access(self->path, X_OK) == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot run %s", self->path);
    return TL_OK;
}

child *
child_new(const child_plan *plan, words **words_p, tl_error *err)
{
    TL_SCOPED(words_destroy) words *its = TL_GIVE(*words_p);
    TL_SCOPED(child_destroy) child *self = calloc(1, sizeof *self);

    if (!self || !words_argv(its)) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for command lines");
        return NULL;
    }
    self->plan = *plan;
    self->words = TL_GIVE(its);
    return find_program(self, err) == TL_OK ? TL_GIVE(self) : NULL;
}

void
child_destroy(child **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    assert((*self_p)->pid == 0); /* whoever started it sees it to its end */
    words_destroy(&(*self_p)->words);
    free(*self_p);
    *self_p = NULL;
}

/* ---- starting --------------------------------------------------------------------- */

/* Our environment, with the child's ties instead of any that we were given ourselves. */
static words *
make_environment(const child_ties *ties)
{
    words *made = words_new();

    for (char **each = environ; *each; each++)
        if (strncmp(*each, TL_LIFELINE "=", sizeof TL_LIFELINE) != 0 &&
            strncmp(*each, TL_RUNTIME_FD "=", sizeof TL_RUNTIME_FD) != 0)
            words_add(made, "%s", *each);
    words_add(made, "%s=%d", TL_LIFELINE, ties->lifeline);
    words_add(made, "%s=%d", TL_RUNTIME_FD, ties->folder);
    return made;
}

/* Signals as if a shell had started it; a group of its own unless the terminal is in the
 * way. */
static int
set_attributes(const child *self, posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t usual;
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

    (void) sigemptyset(&none);
    (void) sigemptyset(&usual);
    (void) sigaddset(&usual, SIGINT);
    (void) sigaddset(&usual, SIGTERM);
    (void) sigaddset(&usual, SIGCHLD);
    (void) sigaddset(&usual, SIGPIPE);
    if (!self->plan.reads_terminal)
        flags |= POSIX_SPAWN_SETPGROUP;
    int error = posix_spawnattr_setflags(attributes, (short) flags);
    if (error == 0)
        error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &usual);
    return error != 0 ? error : posix_spawnattr_setpgroup(attributes, 0);
}

/* All our descriptors close on exec; dup2 onto itself keeps the one. */
static int
set_descriptors(const child *self, const child_ties *ties,
                posix_spawn_file_actions_t *actions)
{
    int error = posix_spawn_file_actions_adddup2(actions, self->plan.input, STDIN_FILENO);

    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, ties->lifeline, ties->lifeline);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(actions, ties->folder, ties->folder);
    return error;
}

tl_fault
child_start(child *self, const child_ties *ties, tl_error *err)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    TL_SCOPED(words_destroy) words *environment = make_environment(ties);

    assert(self->pid == 0);
    if (!words_argv(environment) || posix_spawnattr_init(&attributes) != 0)
        return tl_fail(err, TL_NO_MEMORY, "no memory to start %s", self->plan.program);
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = set_attributes(self, &attributes);
        if (error == 0)
            error = set_descriptors(self, ties, &actions);
        if (error == 0)
            error = posix_spawn(&self->pid, self->path, &actions, &attributes,
                                words_argv(self->words), words_argv(environment));
        (void) posix_spawn_file_actions_destroy(&actions);
    }
    (void) posix_spawnattr_destroy(&attributes);
    if (error == 0)
        return TL_OK;
    self->pid = 0;
    errno = error;
    return tl_fail_errno(err, TL_CANNOT_START, "cannot start %s", self->path);
}

/* ---- its life --------------------------------------------------------------------- */

const char *
child_program(const child *self)
{
    return self->plan.program;
}

bool
child_is_running(const child *self)
{
    return self->pid != 0;
}

bool
child_reads_terminal(const child *self)
{
    return self->plan.reads_terminal;
}

void
child_signal(const child *self, int number)
{
    if (self->pid != 0)
        (void) kill(self->pid, number); /* it may have ended; then it is a zombie */
}

void
child_kill(const child *self)
{
    child_signal(self, SIGKILL);
    if (self->pid != 0 && !self->plan.reads_terminal)
        (void) kill(-self->pid, SIGKILL);
}

bool
child_ended(child *self, int *status)
{
    siginfo_t info = {0};

    if (self->pid == 0)
        return false;
    if (waitid(P_PID, (id_t) self->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
        info.si_pid == 0)
        return false;
    /* Before it is reaped: as long as it is a zombie, the group's number is nobody
     * else's. A worker that was killed may have left helpers that still compute. */
    child_kill(self);
    if (waitpid(self->pid, status, 0) != self->pid)
        return false;
    self->pid = 0;
    return true;
}
