/* The pool, with real helpers and with one that misbehaves on request: this program
 * itself, which the pool starts with --serve. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/clock.h"
#include "proto/scope.h"
#include "tests/support/fake_helper.h"
#include "tests/support/unit.h"
#include "worker/helpers.h"

enum { PATIENCE_MS = 30000, ROOM = 8 << 20 };

/* ---- what the tests share --------------------------------------------------------- */

static const uint8_t gif[] = "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0"
                             "\2\2D\1\0;";

static helpers *
make_pool(const char *program, size_t count, int64_t deadline_ms)
{
    helpers_settings settings = {count, program, deadline_ms, ROOM};
    tl_error err = {0};
    helpers *pool = helpers_new(&settings, tl_now_ms(), &err);

    if (!pool)
        fail_msg("%s", err.text);
    return pool;
}

static helpers *
make_fake(int64_t deadline_ms)
{
    char self[4096];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);

    assert_true(size > 0);
    self[size] = '\0';
    return make_pool(self, 1, deadline_ms);
}

static helpers *
make_real(size_t count, int64_t deadline_ms)
{
    const char *folder = getenv("THUMBLINE_BIN"); /* one thread */
    char path[4096];

    if (!folder)
        fail_msg("THUMBLINE_BIN must name the folder of thumbline-shrink");
    (void) snprintf(path, sizeof path, "%s/thumbline-shrink", folder);
    return make_pool(path, count, deadline_ms);
}

/* Wait as the worker's loop does, once. */
static void
wait_for_pool(const helpers *pool)
{
    struct pollfd fd = {.fd = helpers_fd(pool), .events = POLLIN};
    int64_t due = helpers_deadline(pool);
    int64_t left = due < 0 ? PATIENCE_MS : due - tl_now_ms();

    (void) poll(&fd, 1, left < 0 ? 0 : (int) left);
}

static void
await_idle(helpers *pool, size_t count)
{
    int64_t end = tl_now_ms() + PATIENCE_MS;
    helper_result result;

    for (;;) {
        assert_false(helpers_next(pool, tl_now_ms(), &result));
        if (helpers_idle(pool) >= count)
            return;
        assert_true(tl_now_ms() < end);
        wait_for_pool(pool);
    }
}

static helper_result
await_result(helpers *pool)
{
    int64_t end = tl_now_ms() + PATIENCE_MS;
    helper_result result = {0};

    while (!helpers_next(pool, tl_now_ms(), &result)) {
        assert_true(tl_now_ms() < end);
        wait_for_pool(pool);
    }
    return result;
}

static void
submit(helpers *pool, uint64_t ticket, uint32_t width)
{
    helper_job job = {ticket, gif, sizeof gif - 1, {width, 16}};
    tl_error err = {0};

    await_idle(pool, 1);
    assert_int_equal(helpers_submit(pool, &job, tl_now_ms(), &err), TL_OK);
}

static void
expect(helpers *pool, uint64_t ticket, tl_fault fault)
{
    TL_SCOPED(helper_result_clear) helper_result result = await_result(pool);

    if (result.fault != fault)
        fail_msg("%s: %s", tl_fault_label(result.fault), result.detail);
    assert_int_equal(result.ticket, ticket);
    assert_true(!result.thumb == (fault != TL_OK));
}

/* ---- misbehaviour costs one link -------------------------------------------------- */

static void
every_misbehaviour_ends_its_own_link_only(void **state)
{
    static const struct {
        behaviour what;
        tl_fault fault;
    } cases[] = {
        {WORK, TL_OK},
        {CRASH, TL_DECODE_CRASHED},
        {CRASH_UNLESS_FRESH, TL_OK},
        {HANG, TL_DECODE_TIMEOUT},
        {RUN_OUT_OF_MEMORY, TL_DECODE_MEMORY},
        {REPORT_A_FAULT, TL_DECODE_FAILED},
        {ANSWER_FOR_ANOTHER_BOX, TL_DECODE_CRASHED},
        {CLAIM_A_HUGE_THUMBNAIL, TL_DECODE_CRASHED},
        {INVENT_A_FAULT, TL_DECODE_CRASHED},
        {FAULT_THAT_IS_NOT_A_PICTURES, TL_DECODE_CRASHED},
        {INVENT_A_KIND, TL_DECODE_CRASHED},
        {FORGET_THE_NUL, TL_DECODE_CRASHED},
        {SEND_TERMINAL_CODES, TL_DECODE_CRASHED},
        {STOP_HALFWAY, TL_DECODE_CRASHED},
        {ANSWER_TWICE, TL_OK},
    };
    TL_SCOPED(helpers_destroy) helpers *pool = make_fake(300);
    tl_error why;

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("behaviour %d\n", cases[i].what);
        submit(pool, i, cases[i].what);
        expect(pool, i, cases[i].fault);
        submit(pool, 1000, WORK); /* the pool is as good as new */
        expect(pool, 1000, TL_OK);
    }
    assert_false(helpers_broken(pool, &why));
}

static void
a_picture_is_tried_twice_and_not_more(void **state)
{
    TL_SCOPED(helpers_destroy) helpers *pool = make_fake(PATIENCE_MS);
    TL_SCOPED(helper_result_clear) helper_result result = {0};
    int64_t end = tl_now_ms() + PATIENCE_MS;
    unsigned processes = 1;

    (void) state;
    submit(pool, 1, CRASH);
    for (pid_t last = helpers_pid(pool, 0);;) {
        bool over = helpers_next(pool, tl_now_ms(), &result);
        pid_t now = helpers_pid(pool, 0);

        processes += now != 0 && now != last;
        last = now != 0 ? now : last;
        if (over)
            break;
        assert_true(tl_now_ms() < end);
        wait_for_pool(pool);
    }
    assert_int_equal(result.fault, TL_DECODE_CRASHED);
    assert_in_range(processes, 2,
                    3); /* two tries; the third is there for other pictures */
}

static void
a_helper_inherits_nothing(void **state)
{
    static const struct {
        behaviour what;
        const char *number;
    } cases[] = {
        {COUNT_DESCRIPTORS, "5"}, /* 0, 1, 2, the link and the area */
        {COUNT_SIGNALS, "3"},     /* INT, TERM and HUP, which are for the worker */
        {COUNT_VARIABLES, "0"},   {WRITE_TO_THE_AREA, "1"}, /* refused */
        {CUT_THE_AREA_OFF, "-1"}, /* it would kill the worker by SIGBUS */
    };
    sigset_t blocked;

    (void) state;
    (void) sigemptyset(&blocked);
    (void) sigaddset(&blocked, SIGUSR1);
    (void) sigprocmask(SIG_BLOCK, &blocked, NULL);
    int leak = dup(STDERR_FILENO); /* without O_CLOEXEC, as a library may open one */
    TL_SCOPED(helpers_destroy) helpers *pool = make_fake(PATIENCE_MS);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        submit(pool, i, cases[i].what);
        TL_SCOPED(helper_result_clear) helper_result result = await_result(pool);

        assert_int_equal(result.fault, TL_DECODE_FAILED);
        assert_string_equal(result.detail, cases[i].number);
    }
    (void) close(leak);
    (void) sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

/* ---- programs that do not run ----------------------------------------------------- */

static void
a_missing_program_is_named(void **state)
{
    helpers_settings settings = {1, "/nonexistent/thumbline-shrink", 1000, ROOM};
    tl_error err = {0};

    (void) state;
    assert_null(helpers_new(&settings, 0, &err));
    assert_int_equal(err.fault, TL_CANNOT_START);
    assert_non_null(strstr(err.text, "/nonexistent/thumbline-shrink"));
}

static void
a_program_that_never_gets_ready_is_reported_and_not_started_in_a_storm(void **state)
{
    TL_SCOPED(helpers_destroy) helpers *pool = make_pool("/bin/false", 1, 1000);
    int64_t end = tl_now_ms() + PATIENCE_MS;
    helper_result result;
    tl_error why = {0};

    (void) state;
    for (;;) {
        assert_false(helpers_next(pool, tl_now_ms(), &result));
        assert_int_equal(helpers_idle(pool), 0);
        if (helpers_broken(pool, &why))
            break;
        assert_true(tl_now_ms() < end);
        wait_for_pool(pool);
    }
    assert_int_equal(why.fault, TL_CANNOT_START);
    assert_non_null(strstr(why.text, "/bin/false"));

    int64_t now = tl_now_ms();
    assert_false(helpers_next(pool, now, &result));
    assert_int_equal(helpers_pid(pool, 0), 0);
    assert_in_range(helpers_deadline(pool) - now, 500, 1000);
}

/* ---- real helpers ----------------------------------------------------------------- */

static void
a_helper_killed_in_the_middle_costs_nothing(void **state)
{
    TL_SCOPED(helpers_destroy) helpers *pool = make_real(1, PATIENCE_MS);

    (void) state;
    await_idle(pool, 1);
    pid_t pid = helpers_pid(pool, 0);
    assert_int_equal(kill(pid, SIGSTOP),
                     0); /* so that it cannot be quicker than we are */
    submit(pool, 7, 128);
    assert_int_equal(kill(pid, SIGKILL), 0);
    expect(pool, 7, TL_OK);
    assert_int_not_equal(helpers_pid(pool, 0), pid);
}

static void
a_helper_that_is_stopped_meets_its_deadline(void **state)
{
    TL_SCOPED(helpers_destroy) helpers *pool = make_real(1, 1000);

    (void) state;
    await_idle(pool, 1);
    assert_int_equal(kill(helpers_pid(pool, 0), SIGSTOP), 0);
    submit(pool, 7, 128);
    expect(pool, 7, TL_OK); /* by its successor */
}

static void
many_pictures_come_back_with_their_tickets(void **state)
{
    enum { PICTURES = 200 };
    TL_SCOPED(helpers_destroy) helpers *pool = make_real(2, PATIENCE_MS);
    bool seen[PICTURES] = {false};
    unsigned done = 0;

    (void) state;
    await_idle(pool, 2);
    for (unsigned next = 0; done < PICTURES;) {
        helper_result result;

        for (; helpers_idle(pool) > 0 && next < PICTURES; next++) {
            helper_job job = {next, gif, sizeof gif - 1, {128, 128}};
            tl_error err;

            assert_int_equal(helpers_submit(pool, &job, tl_now_ms(), &err), TL_OK);
        }
        wait_for_pool(pool);
        for (; helpers_next(pool, tl_now_ms(), &result); done++) {
            assert_int_equal(result.fault, TL_OK);
            assert_int_equal(result.facts.kind, PICTURE_GIF);
            assert_int_equal(result.facts.thumb_size.width, 1);
            assert_in_range(result.ticket, 0, PICTURES - 1);
            assert_false(seen[result.ticket]);
            seen[result.ticket] = true;
            assert_memory_equal(tl_buf_bytes(result.thumb), "GIF89a", 6);
            helper_result_clear(&result);
        }
    }
}

static void
a_cancelled_picture_does_not_come_out(void **state)
{
    TL_SCOPED(helpers_destroy) helpers *pool = make_real(1, PATIENCE_MS);

    (void) state;
    await_idle(pool, 1);
    submit(pool, 1, 128);
    helpers_cancel(pool, 1);
    submit(pool, 2, 128); /* waits for an idle helper; ticket 1 must not show meanwhile */
    expect(pool, 2, TL_OK);
}

static void
a_body_larger_than_agreed_is_refused(void **state)
{
    TL_SCOPED(helpers_destroy) helpers *pool = make_real(1, PATIENCE_MS);
    helper_job job = {1, gif, ROOM + 1, {128, 128}};
    tl_error err = {0};

    (void) state;
    await_idle(pool, 1);
    assert_int_equal(helpers_submit(pool, &job, tl_now_ms(), &err), TL_TOO_LARGE);
    assert_int_equal(helpers_idle(pool), 1);
}

static void
a_signal_for_the_worker_is_not_for_its_helpers(void **state)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    TL_SCOPED(helpers_destroy) helpers *pool = make_real(1, PATIENCE_MS);

    (void) state;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        assert_int_equal(kill(helpers_pid(pool, 0), signals[i]), 0); /* while it starts */
    pid_t pid = helpers_pid(pool, 0);
    await_idle(pool, 1);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        assert_int_equal(kill(pid, signals[i]), 0);
    submit(pool, 1, 128);
    expect(pool, 1, TL_OK);
    assert_int_equal(helpers_pid(pool, 0), pid);
}

static void
destroying_the_pool_leaves_no_process(void **state)
{
    helpers *pool = make_real(2, PATIENCE_MS);

    (void) state;
    await_idle(pool, 2);
    submit(pool, 1, 128);
    helpers_destroy(&pool);
    assert_null(pool);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_misbehaviour_ends_its_own_link_only),
        cmocka_unit_test(a_picture_is_tried_twice_and_not_more),
        cmocka_unit_test(a_helper_inherits_nothing),
        cmocka_unit_test(a_missing_program_is_named),
        cmocka_unit_test(
            a_program_that_never_gets_ready_is_reported_and_not_started_in_a_storm),
        cmocka_unit_test(a_helper_killed_in_the_middle_costs_nothing),
        cmocka_unit_test(a_helper_that_is_stopped_meets_its_deadline),
        cmocka_unit_test(many_pictures_come_back_with_their_tickets),
        cmocka_unit_test(a_cancelled_picture_does_not_come_out),
        cmocka_unit_test(a_body_larger_than_agreed_is_refused),
        cmocka_unit_test(a_signal_for_the_worker_is_not_for_its_helpers),
        cmocka_unit_test(destroying_the_pool_leaves_no_process),
    };

    if (argc > 1 && strcmp(argv[1], "--serve") == 0)
        return fake_helper();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
