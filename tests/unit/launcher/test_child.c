#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/child.h"
#include "proto/interrupt.h"
#include "proto/runtime_dir.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

/* The child that is started is this very program, with a part to play. */
static const char myself[] = "test_launcher_child";

enum { DEADLINE_MS = 60000 };

typedef struct {
    int rope[2]; /* a lifeline */
    int says[2]; /* what the child says; it gets the end as its "folder" */
    child_ties ties;
} stage;

static int
set_stage(void **state)
{
    stage *self = calloc(1, sizeof *self);

    assert_non_null(self);
    assert_int_equal(pipe2(self->rope, O_CLOEXEC), 0);
    assert_int_equal(pipe2(self->says, O_CLOEXEC), 0);
    self->ties = (child_ties){.lifeline = self->rope[0], .folder = self->says[1]};
    *state = self;
    return 0;
}

static int
clear_stage(void **state)
{
    stage *self = *state;

    (void) close(self->rope[0]);
    (void) close(self->rope[1]);
    (void) close(self->says[0]);
    (void) close(self->says[1]);
    free(self);
    return 0;
}

static child *
cast(stage *self, const char *part, int input)
{
    child_plan plan = {.program = myself, .input = input};
    tl_error err = {0};
    TL_SCOPED(words_destroy) words *its = words_new();

    words_add(its, "%s", myself);
    words_add(its, "%s", part);
    child *made = child_new(&plan, &its, &err);
    if (!made || child_start(made, &self->ties, &err) != TL_OK)
        fail_msg("%s", err.text);
    assert_null(its); /* they are the child's now */
    return made;
}

/* What it says next: one byte. */
static char
hear(const stage *self)
{
    struct pollfd mouth = {.fd = self->says[0], .events = POLLIN};
    char byte = 0;

    assert_int_equal(poll(&mouth, 1, DEADLINE_MS), 1);
    assert_int_equal(read(self->says[0], &byte, 1), 1);
    return byte;
}

static int
see_end(child *which)
{
    siginfo_t info;
    int status = -1;

    /* Only to wait: child_ended has to find it again. */
    assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
    assert_true(child_ended(which, &status));
    assert_false(child_is_running(which));
    assert_false(child_ended(which, &status));
    return status;
}

static void
a_missing_program_is_named(void **state)
{
    child_plan plan = {.program = "thumbline-nonesuch", .input = STDIN_FILENO};
    tl_error err = {0};
    TL_SCOPED(words_destroy) words *its = words_new();

    (void) state;
    assert_null(child_new(&plan, &its, &err));
    assert_int_equal(err.fault, TL_CANNOT_START);
    assert_non_null(strstr(err.text, "thumbline-nonesuch"));
}

static void
its_exit_is_told_once_and_it_can_be_started_again(void **state)
{
    stage *self = *state;
    tl_error err = {0};
    TL_SCOPED(child_destroy) child *one = cast(self, "leave", STDIN_FILENO);

    int status = see_end(one);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    assert_int_equal(child_start(one, &self->ties, &err), TL_OK);
    assert_int_equal(WEXITSTATUS(see_end(one)), 7);
}

static void
only_we_hold_the_other_end_of_its_lifeline(void **state)
{
    stage *self = *state;
    TL_SCOPED(child_destroy) child *one = cast(self, "look", self->rope[0]);

    assert_int_equal(hear(self), 'y');
    assert_int_equal(close(self->rope[1]), 0);
    self->rope[1] = -1;
    assert_int_equal(WEXITSTATUS(see_end(one)), 0);
}

static void
it_gets_a_signal_that_we_block(void **state)
{
    stage *self = *state;
    sigset_t set;
    sigset_t before;

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
    TL_SCOPED(child_destroy) child *one = cast(self, "stay", STDIN_FILENO);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_int_equal(hear(self), 'y');
    child_signal(one, SIGTERM);
    int status = see_end(one);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void
what_it_started_goes_with_it(void **state)
{
    stage *self = *state;
    struct pollfd mouth = {.fd = self->says[0], .events = POLLIN};
    char byte = 0;
    TL_SCOPED(child_destroy) child *one = cast(self, "breed", STDIN_FILENO);

    assert_int_equal(hear(self), 'y');
    child_signal(one, SIGKILL); /* the parent alone */
    assert_true(WIFSIGNALED(see_end(one)));
    /* The grandchild held the pipe's last end: its death closes it. */
    (void) close(self->says[1]);
    self->says[1] = -1;
    assert_int_equal(poll(&mouth, 1, DEADLINE_MS), 1);
    assert_int_equal(read(self->says[0], &byte, 1), 0);
}

static void
killing_one_that_does_not_run_does_nothing(void **state)
{
    stage *self = *state; /* with pid 0 it would be our own group that dies */
    TL_SCOPED(child_destroy) child *one = cast(self, "leave", STDIN_FILENO);

    (void) see_end(one);
    child_kill(one);
    child_signal(one, SIGTERM);
}

/* ---- the parts -------------------------------------------------------------------- */

static int
number_of(const char *variable)
{
    const char *text = getenv(variable);

    return text ? (int) strtol(text, NULL, 10) : -1;
}

/* Until the other end of the lifeline is closed. */
static bool
hang_on(void)
{
    struct pollfd rope = {.fd = number_of(TL_LIFELINE), .events = POLLIN};

    return poll(&rope, 1, DEADLINE_MS) == 1 && (rope.revents & POLLHUP);
}

static int
play(const char *part)
{
    int mouth = number_of(TL_RUNTIME_FD);

    (void) alarm(DEADLINE_MS / 1000); /* whatever becomes of the test */
    if (strcmp(part, "leave") == 0)
        return 7;
    if (strcmp(part, "breed") == 0 && fork() == 0) {
        (void) alarm(DEADLINE_MS / 1000);
        (void) !write(mouth, "y", 1);
        (void) pause();
        return 0;
    }
    if (strcmp(part, "breed") == 0) {
        (void) close(mouth);
        (void) pause();
        return 0;
    }
    bool good = getpgrp() == getpid() && fcntl(STDIN_FILENO, F_GETFL) != -1;
    (void) !write(mouth, good ? "y" : "n", 1);
    if (strcmp(part, "look") == 0)
        return hang_on() ? 0 : 1;
    if (strcmp(part, "stay") == 0)
        (void) pause();
    return 0;
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_stage, clear_stage)

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(a_missing_program_is_named),
        CASE(its_exit_is_told_once_and_it_can_be_started_again),
        CASE(only_we_hold_the_other_end_of_its_lifeline),
        CASE(it_gets_a_signal_that_we_block),
        CASE(what_it_started_goes_with_it),
        CASE(killing_one_that_does_not_run_does_nothing),
    };

    if (argc > 1)
        return play(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
