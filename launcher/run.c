#include "launcher/run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/child.h"
#include "launcher/setup.h"
#include "proto/clock.h"
#include "proto/limits.h"
#include "proto/log.h"
#include "proto/runtime_dir.h"
#include "proto/scope.h"

enum {
    RESTARTS = 5,     /* in a row; then the program itself is what is wrong */
    STEADY_MS = 3000, /* who has lived for this long was not one of a row */
    LEAVE_MS = 2 * TL_GRACE_MS,
};

/* In the order in which they leave: the worker's last reports still find a sink. */
enum { WORKER, VENTILATOR, SINK, MEMBERS };

/* A goal is only ever followed by a later one. */
typedef enum {
    FINISH, /* the list */
    CANCEL, /* what is left of it; the ventilator sees to that */
    LEAVE,  /* one after the other */
    KILL,   /* all at once */
} goal;

typedef struct {
    child *child;
    int64_t started_ms;
    int64_t leave_by_ms; /* 0: it has not been asked to leave */
    int restarts;        /* in a row */
} member;

struct run {
    setup *setup;
    tl_runtime_dir folder;
    int lifeline[2]; /* what children hold, and what only we hold */
    int signals;     /* signalfd */
    int nothing;     /* /dev/null */
    off_t input_start;
    member members[MEMBERS];
    goal goal;
    int code;     /* -1 until there is a verdict */
    int farewell; /* how the sink is asked to leave: SIGINT, with a summary, or SIGTERM */
    bool input_torn;
};

static bool
is_running(const run *self)
{
    for (int i = 0; i < MEMBERS; i++)
        if (self->members[i].child && child_is_running(self->members[i].child))
            return true;
    return false;
}

static void
close_fd(const int *fd)
{
    if (*fd != -1)
        (void) close(*fd); /* nothing was written to it */
}

/* ---- making one ------------------------------------------------------------------- */

static tl_fault
open_signals(run *self, tl_error *err)
{
    sigset_t set;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGTERM);
    (void) sigaddset(&set, SIGCHLD);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads */
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    self->nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (self->signals == -1 || self->nothing == -1 ||
        pipe2(self->lifeline, O_CLOEXEC) == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot start");
    /* Children are in the terminal's background and inherit this: with `stty tostop` the
     * sink's first line would stop it for good. */
    (void) signal(SIGTTOU, SIG_IGN);
    return TL_OK;
}

static tl_fault
make_child(run *self, int which, const child_plan *plan, tl_program program,
           tl_error *err)
{
    TL_SCOPED(words_destroy)
    words *its = setup_words(self->setup, program, self->folder.path);

    self->members[which].child = child_new(plan, &its, err);
    return self->members[which].child ? TL_OK : err->fault;
}

static tl_fault
make_children(run *self, tl_error *err)
{
    bool reads = setup_reads_stdin(self->setup);
    child_plan sink = {.program = "thumbline-sink", .input = self->nothing};
    child_plan worker = {.program = "thumbline-worker", .input = self->nothing};
    child_plan ventilator = {
        .program = "thumbline-ventilator",
        .input = reads ? STDIN_FILENO : self->nothing,
        .reads_terminal = reads && isatty(STDIN_FILENO),
    };

    if (make_child(self, SINK, &sink, TL_SINK, err) != TL_OK ||
        make_child(self, WORKER, &worker, TL_WORKER, err) != TL_OK)
        return err->fault;
    return make_child(self, VENTILATOR, &ventilator, TL_VENTILATOR, err);
}

run *
run_new(const tl_options *options, tl_error *err)
{
    TL_SCOPED(run_destroy) run *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory to start with");
        return NULL;
    }
    self->folder.fd = self->signals = self->nothing = -1;
    self->lifeline[0] = self->lifeline[1] = -1;
    self->code = -1;
    self->farewell = SIGINT;
    self->input_start = lseek(STDIN_FILENO, 0, SEEK_CUR); /* -1 for a pipe */
    self->setup = setup_new(options, err);
    if (!self->setup || open_signals(self, err) != TL_OK ||
        tl_runtime_dir_make(&self->folder, err) != TL_OK ||
        make_children(self, err) != TL_OK)
        return NULL;
    return TL_GIVE(self);
}

/* ---- goals ------------------------------------------------------------------------ */

static void
set_goal(run *self, goal wanted)
{
    if (wanted > self->goal)
        self->goal = wanted;
}

static tl_fault
start(run *self, member *each, tl_error *err)
{
    child_ties ties = {.lifeline = self->lifeline[0], .folder = self->folder.fd};

    each->started_ms = tl_now_ms();
    return child_start(each->child, &ties, err);
}

static void
kill_all(const run *self)
{
    for (int i = 0; i < MEMBERS; i++)
        if (self->members[i].child)
            child_kill(self->members[i].child);
}

/* Ask the next one to leave; one that takes too long is made to. */
static void
see_out(run *self, int64_t now_ms)
{
    for (int i = 0; i < MEMBERS; i++) {
        member *each = &self->members[i];

        if (!child_is_running(each->child))
            continue;
        if (each->leave_by_ms == 0) {
            each->leave_by_ms = now_ms + LEAVE_MS;
            child_signal(each->child, i == SINK ? self->farewell : SIGTERM);
        } else if (now_ms >= each->leave_by_ms) {
            child_kill(each->child);
        }
        return;
    }
}

/* How long the loop may wait; -1 is for ever. */
static int
patience(const run *self, int64_t now_ms)
{
    for (int i = 0; i < MEMBERS && self->goal == LEAVE; i++) {
        const member *each = &self->members[i];

        if (child_is_running(each->child))
            return each->leave_by_ms > now_ms ? (int) (each->leave_by_ms - now_ms) : 0;
    }
    return -1;
}

/* ---- what happens ----------------------------------------------------------------- */

static void
on_signal(run *self, const struct signalfd_siginfo *caught)
{
    const member *ventilator = &self->members[VENTILATOR];

    if (self->goal != FINISH) {
        /* The second one. A run that is over anyway keeps its verdict. */
        if (self->code == -1)
            self->code = TL_EXIT_CUT_SHORT;
        set_goal(self, KILL);
        return;
    }
    if (caught->ssi_signo == SIGTERM) {
        self->farewell = SIGTERM;
        set_goal(self, LEAVE);
        return;
    }
    set_goal(self, CANCEL);
    /* The terminal's Ctrl-C has reached the one that reads the terminal. */
    if (!child_reads_terminal(ventilator->child) || caught->ssi_code != SI_KERNEL)
        child_signal(ventilator->child, SIGINT);
}

/* Whatever the ventilator had read of a pipe and not yet registered is gone with it. A
 * file on standard input can be read again. */
static void
mend_input(run *self)
{
    if (!setup_reads_stdin(self->setup))
        return;
    if (self->input_start != -1 &&
        lseek(STDIN_FILENO, self->input_start, SEEK_SET) == self->input_start)
        return;
    self->input_torn = true;
    tl_log(TL_LOG_WARNING, "input.torn",
           "links that it had read from the pipe may be missing: give the same ones "
           "again afterwards to resume");
}

static tl_fault
restart(run *self, int which, tl_error *err)
{
    member *each = &self->members[which];
    const char *program = child_program(each->child);

    each->restarts = tl_now_ms() - each->started_ms < STEADY_MS ? each->restarts + 1 : 1;
    if (each->restarts > RESTARTS) {
        tl_log(TL_LOG_ERROR, "child.given-up", "program=%s: it died %d times in a row",
               program, RESTARTS + 1);
        set_goal(self, which == WORKER ? CANCEL : LEAVE);
        if (which == WORKER)
            child_signal(self->members[VENTILATOR].child, SIGINT);
        else if (self->code == -1)
            self->code = TL_EXIT_CANNOT_START;
        return TL_OK;
    }
    if (which == VENTILATOR)
        mend_input(self);
    tl_fault fault = start(self, each, err);
    if (fault == TL_OK)
        tl_log(TL_LOG_WARNING, "child.restarted", "program=%s", program);
    return fault;
}

static void
say_how(const char *program, int status)
{
    if (WIFSIGNALED(status))
        tl_log(TL_LOG_WARNING, "child.died", "program=%s signal=%d: %s", program,
               WTERMSIG(status),
               strsignal(WTERMSIG(status))); /* NOLINT(concurrency-mt-unsafe) */
    else
        tl_log(TL_LOG_WARNING, "child.died", "program=%s exit=%d", program,
               WEXITSTATUS(status));
}

/* It ended as it should not have. */
static tl_fault
on_death(run *self, int which, tl_error *err)
{
    member *ventilator = &self->members[VENTILATOR];

    if (self->goal == CANCEL && (which != SINK || !child_is_running(ventilator->child))) {
        /* Without a worker there is that much less to wait for; without a ventilator
         * nobody is left who could cancel. */
        if (which != WORKER)
            set_goal(self, LEAVE);
        return TL_OK;
    }
    tl_fault fault = restart(self, which, err);
    if (fault != TL_OK || self->goal != FINISH)
        return fault;
    /* A sink that died after the ventilator's good-bye needs one more, to be told again
     * that all is there. */
    if (which == SINK && !child_is_running(ventilator->child))
        return start(self, ventilator, err);
    return TL_OK;
}

static tl_fault
on_end(run *self, int which, int status, tl_error *err)
{
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    bool error = code == TL_EXIT_USAGE || code == TL_EXIT_CANNOT_START;

    if (self->goal >= LEAVE && !error) {
        if (which == SINK && code != -1 && self->code == -1)
            self->code = code;
        return TL_OK;
    }
    if (error || (which == SINK && code != -1)) {
        /* The sink's verdict, or an error that has been told. The first one counts. */
        if (self->code == -1)
            self->code = code;
        self->farewell = SIGTERM;
        set_goal(self, LEAVE);
        return TL_OK;
    }
    if (which == VENTILATOR && code != -1) {
        /* 0 and 1: the sink knows, and ends by itself. 3: it may not have been told. */
        if (code == TL_EXIT_CUT_SHORT)
            set_goal(self, LEAVE);
        return TL_OK;
    }
    say_how(child_program(self->members[which].child), status);
    return on_death(self, which, err);
}

/* ---- the loop --------------------------------------------------------------------- */

static tl_fault
look_after(run *self, tl_error *err)
{
    /* The sink first: once it has spoken, the others may end as they like. */
    for (int i = MEMBERS - 1; i >= 0; i--) {
        int status = 0;

        if (child_ended(self->members[i].child, &status) &&
            on_end(self, i, status, err) != TL_OK)
            return err->fault;
    }
    if (self->goal == LEAVE)
        see_out(self, tl_now_ms());
    if (self->goal == KILL)
        kill_all(self);
    return TL_OK;
}

static void
wait_for_events(run *self)
{
    struct pollfd signals = {.fd = self->signals, .events = POLLIN};
    struct signalfd_siginfo caught;

    (void) poll(&signals, 1, patience(self, tl_now_ms()));
    while (read(self->signals, &caught, sizeof caught) == (ssize_t) sizeof caught)
        if (caught.ssi_signo != SIGCHLD)
            on_signal(self, &caught);
}

tl_fault
run_until_done(run *self, int *code, tl_error *err)
{
    for (int i = MEMBERS - 1; i >= 0; i--)
        if (start(self, &self->members[i], err) != TL_OK)
            return err->fault;
    while (is_running(self)) {
        wait_for_events(self);
        if (look_after(self, err) != TL_OK)
            return err->fault;
    }
    *code = self->code == -1 ? TL_EXIT_CUT_SHORT : self->code;
    if (self->input_torn && *code <= TL_EXIT_SOME_FAILED)
        *code = TL_EXIT_CUT_SHORT;
    return TL_OK;
}

static void
wait_for_all(run *self)
{
    struct pollfd signals = {.fd = self->signals, .events = POLLIN};
    struct signalfd_siginfo caught;
    int status = 0;

    while (is_running(self)) {
        (void) poll(&signals, 1, -1);
        (void) !read(self->signals, &caught, sizeof caught);
        for (int i = 0; i < MEMBERS; i++)
            (void) child_ended(self->members[i].child, &status);
    }
}

void
run_destroy(run **self_p)
{
    assert(self_p);
    run *self = *self_p;

    if (!self)
        return;
    if (is_running(self)) { /* one of them could not be started */
        kill_all(self);
        wait_for_all(self);
    }
    for (int i = 0; i < MEMBERS; i++)
        child_destroy(&self->members[i].child);
    setup_destroy(&self->setup);
    close_fd(&self->lifeline[0]);
    close_fd(&self->lifeline[1]);
    close_fd(&self->signals);
    close_fd(&self->nothing);
    tl_runtime_dir_leave(&self->folder.fd);
    free(self);
    *self_p = NULL;
}
