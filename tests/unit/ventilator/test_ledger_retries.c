/* ledger: faults that may pass, and verdicts that the ventilator speaks itself. */
#include "tests/unit/ventilator/ledger_scene.h"

static void
a_fault_that_may_pass_is_tried_again_after_a_pause_with_full_jitter(void **state)
{
    static const int64_t most[] = {1000, 2000, 4000}; /* before try 2, 3 and 4 */

    (void) state;
    for (size_t try = 0; try < 3; try++) {
        int64_t longest = 0;
        int64_t shortest = INT64_MAX;

        for (uint64_t seed = 1; seed <= 200; seed++) {
            const ledger_settings settings = {SCENE_TRIES, SCENE_LIFE_MS, seed * 7919};
            TL_SCOPED(scene_end) scene s = {ledger_new(&settings), 1000};
            uint32_t worker = scene_worker(&s, 1);

            scene_add(&s, 1);
            for (size_t k = 0; k < try; k++) {
                (void) scene_expect_send(&s, 1, worker);
                scene_again(&s, worker, 1, TL_TIMEOUT, 0);
                s.now = ledger_deadline(s.ledger);
            }
            (void) scene_expect_send(&s, 1, worker);
            scene_again(&s, worker, 1, TL_TIMEOUT, 0);
            assert_int_equal(ledger_unfinished(s.ledger, worker), 0);
            int64_t wait = ledger_deadline(s.ledger) - s.now;
            longest = wait > longest ? wait : longest;
            shortest = wait < shortest ? wait : shortest;
            s.now += wait;
            assert_int_equal(scene_expect_send(&s, 1, worker).attempt, try + 2);
        }
        assert_in_range(longest, most[try] * 3 / 4, most[try]);
        assert_in_range(shortest, 0, most[try] / 4);
    }
}

static void
a_link_waits_at_least_as_long_as_the_server_asks(void **state)
{
    static const struct {
        uint64_t asked;
        int64_t least, most;
    } cases[] = {
        {0, 0, 1000},
        {5000, 5000, 5000},
        {60000, 60000, 60000},
        {3600000, 60000, 60000},
        {INT64_MAX, 60000, 60000},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(scene_end) scene s = scene_new();
        uint32_t worker = scene_worker(&s, 1);

        scene_add(&s, 1);
        (void) scene_expect_send(&s, 1, worker);
        scene_again(&s, worker, 1, TL_RATE_LIMITED, cases[i].asked);
        int64_t wait = ledger_deadline(s.ledger) - s.now;
        assert_in_range(wait, cases[i].least, cases[i].most);
        if (wait > 0) {
            s.now += wait - 1;
            scene_expect_nothing(&s);
            s.now += 1;
        }
        (void) scene_expect_send(&s, 1, worker);
    }
}

static void
each_fault_is_tried_as_often_as_its_row_says(void **state)
{
    static const struct {
        tl_fault fault;
        uint32_t sends;
    } cases[] = {
        {TL_TIMEOUT, SCENE_TRIES},
        {TL_EMPTY_BODY, 2},
        {TL_TRUNCATED, 2},
        {TL_HTTP_4XX, 1},
        {(tl_fault) 150 /* new */, 1},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(scene_end) scene s = scene_new();
        uint32_t worker = scene_worker(&s, 1);

        scene_add(&s, 1);
        for (uint32_t k = 1; k <= cases[i].sends; k++) {
            ledger_action sent = scene_expect_send(&s, 1, worker);

            assert_int_equal(sent.attempt, k);
            assert_int_equal(sent.last, k == SCENE_TRIES);
            scene_again(&s, worker, 1, cases[i].fault, 0);
            if (k < cases[i].sends)
                s.now = ledger_deadline(s.ledger);
        }
        assert_int_equal(scene_expect_ruling(&s, 1, TL_FAILED, cases[i].fault).attempt,
                         cases[i].sends);
        assert_int_equal(ledger_now(s.ledger).retries, cases[i].sends - 1);
    }
}

static void
a_link_is_not_tried_beyond_its_life(void **state)
{
    const ledger_settings settings = {50, 20000, 3};
    TL_SCOPED(scene_end) scene s = {ledger_new(&settings), 1000};
    uint32_t worker = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    s.now += 100000; /* waiting for its first turn is no part of its life */
    int64_t start = s.now;
    for (;;) {
        ledger_action action = scene_next(&s);

        if (action.verb != LEDGER_SEND) {
            assert_int_equal(action.verb, LEDGER_RULE);
            assert_int_equal(action.fault, TL_LINK_LIFE);
            break;
        }
        assert_true(s.now - start <= 20000);
        scene_again(&s, worker, 1, TL_TIMEOUT, 3000);
        s.now = ledger_deadline(s.ledger);
    }
    assert_true(s.now - start >= 15000);
}

static void
a_pause_ends_in_vain_for_a_link_that_has_settled_meanwhile(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 2);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, worker);
    scene_again(&s, worker, 1, TL_TIMEOUT, 5000);
    ledger_settled(s.ledger, 1); /* another copy of it was faster */
    s.now += 5000;
    scene_expect_nothing(&s);
    assert_int_equal(ledger_deadline(s.ledger), -1);
}

static void
pauses_end_in_the_order_of_their_ends(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 3);

    (void) state;
    for (uint64_t id = 1; id <= 3; id++) {
        scene_add(&s, id);
        (void) scene_expect_send(&s, id, worker);
    }
    scene_again(&s, worker, 1, TL_TIMEOUT, 30000);
    scene_again(&s, worker, 2, TL_TIMEOUT, 10000);
    scene_again(&s, worker, 3, TL_TIMEOUT, 20000);
    assert_int_equal(ledger_now(s.ledger).delayed, 3);
    for (int i = 0; i < 3; i++) {
        static const uint64_t order[] = {2, 3, 1};

        s.now = ledger_deadline(s.ledger);
        (void) scene_expect_send(&s, order[i], worker);
    }
}

static void
a_ruling_is_repeated_until_it_settles(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, worker);
    scene_again(&s, worker, 1, TL_HTTP_4XX, 0);
    for (int i = 0; i < 5; i++) {
        (void) scene_expect_ruling(&s, 1, TL_FAILED, TL_HTTP_4XX);
        scene_expect_nothing(&s);
        assert_int_equal(ledger_deadline(s.ledger), s.now + TL_SETTLE_MS);
        s.now += TL_SETTLE_MS;
    }
    ledger_settled(s.ledger, 1);
    scene_expect_nothing(&s);
}

static void
a_new_ruling_does_not_wait_behind_one_that_was_spoken(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 2);

    (void) state;
    for (uint64_t id = 1; id <= 2; id++) {
        scene_add(&s, id);
        (void) scene_expect_send(&s, id, worker);
    }
    scene_again(&s, worker, 1, TL_HTTP_4XX, 0);
    (void) scene_expect_ruling(&s, 1, TL_FAILED, TL_HTTP_4XX);
    s.now += 1;
    scene_again(&s, worker, 2, TL_NOT_AN_IMAGE, 0);
    assert_true(ledger_deadline(s.ledger) <= s.now);
    (void) scene_expect_ruling(&s, 2, TL_FAILED, TL_NOT_AN_IMAGE);
    s.now += TL_SETTLE_MS - 1;
    (void) scene_expect_ruling(&s, 1, TL_FAILED, TL_HTTP_4XX);
}

static void
what_is_ruled_stays_ruled(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, worker);
    scene_again(&s, worker, 1, TL_HTTP_4XX, 0);
    (void) scene_expect_ruling(&s, 1, TL_FAILED, TL_HTTP_4XX);
    ledger_done(s.ledger, worker, 1, s.now);
    ledger_returned(s.ledger, worker, 1, s.now);
    scene_holds(&s, worker, 1, IDS(1), 1);
    scene_add(&s, 1);
    ledger_leave(s.ledger, worker, s.now);
    (void) scene_worker(&s, 8);
    scene_expect_nothing(&s);
    s.now += TL_SETTLE_MS;
    (void) scene_expect_ruling(&s, 1, TL_FAILED, TL_HTTP_4XX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_fault_that_may_pass_is_tried_again_after_a_pause_with_full_jitter),
        cmocka_unit_test(a_link_waits_at_least_as_long_as_the_server_asks),
        cmocka_unit_test(each_fault_is_tried_as_often_as_its_row_says),
        cmocka_unit_test(a_link_is_not_tried_beyond_its_life),
        cmocka_unit_test(a_pause_ends_in_vain_for_a_link_that_has_settled_meanwhile),
        cmocka_unit_test(pauses_end_in_the_order_of_their_ends),
        cmocka_unit_test(a_ruling_is_repeated_until_it_settles),
        cmocka_unit_test(a_new_ruling_does_not_wait_behind_one_that_was_spoken),
        cmocka_unit_test(what_is_ruled_stays_ruled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
