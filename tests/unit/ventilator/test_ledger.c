/* ledger: each arrow of the picture in ledger.h. */
#include "tests/unit/ventilator/ledger_scene.h"

static void
a_link_goes_from_the_source_to_the_sink(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 4);

    (void) state;
    scene_add(&s, 1);
    assert_int_equal(ledger_now(s.ledger).ready, 1);
    ledger_action sent = scene_expect_send(&s, 1, worker);
    assert_int_equal(sent.seq, 1);
    assert_int_equal(sent.attempt, 1);
    assert_false(sent.last);
    assert_memory_equal(sent.url.at, "http://example.org/1.jpg", sent.url.size);
    assert_memory_equal(sent.name.at, "1.jpg", sent.name.size);
    assert_int_equal(sent.key[0], 1);
    assert_int_equal(ledger_unfinished(s.ledger, worker), 1);
    scene_holds(&s, worker, 1, IDS(1), 1);
    assert_int_equal(ledger_unfinished(s.ledger, worker), 1);
    ledger_done(s.ledger, worker, 1, s.now);
    assert_int_equal(ledger_unfinished(s.ledger, worker), 0);
    assert_int_equal(ledger_now(s.ledger).reported, 1);
    assert_int_equal(ledger_now(s.ledger).links, 1);
    ledger_settled(s.ledger, 1);
    assert_int_equal(ledger_now(s.ledger).links, 0);
    assert_int_equal(ledger_now(s.ledger).bytes, 0);
    scene_expect_nothing(&s);
    assert_int_equal(ledger_deadline(s.ledger), -1);
}

static void
a_link_that_is_added_twice_is_there_once(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 4);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 1);
    assert_int_equal(ledger_now(s.ledger).links, 1);
    (void) scene_expect_send(&s, 1, worker);
    scene_add(&s, 1);
    scene_expect_nothing(&s);
}

static void
what_settles_before_it_is_done_keeps_its_slot_until_it_is(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 2);
    (void) scene_expect_send(&s, 1, worker);
    ledger_settled(s.ledger, 1); /* another worker had it, too */
    assert_int_equal(ledger_now(s.ledger).links, 1);
    scene_expect_nothing(&s);
    scene_holds(&s, worker, 1, IDS(1), 1);
    ledger_done(s.ledger, worker, 1, s.now);
    scene_beat(&s, worker, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 1, .top = 1});
    (void) scene_expect_send(&s, 2, worker);
    assert_int_equal(ledger_now(s.ledger).links, 1);
}

static void
returned_links_go_to_others_at_once(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t leaving = scene_worker(&s, 2);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 2);
    (void) scene_expect_send(&s, 1, leaving);
    (void) scene_expect_send(&s, 2, leaving);
    ledger_drain(s.ledger, leaving);
    ledger_returned(s.ledger, leaving, 1, s.now);
    scene_expect_nothing(&s); /* not back to the one that gave it up */

    uint32_t other = scene_worker(&s, 2);
    assert_int_equal(scene_expect_send(&s, 1, other).attempt, 1);
    scene_expect_nothing(&s);
}

static void
returned_stops_dispatch_until_the_next_heartbeat(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 8);

    (void) state;
    scene_add(&s, 1);
    ledger_drain(s.ledger, worker);
    scene_expect_nothing(&s);
    scene_beat(&s, worker,
               (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 8, .draining = true});
    scene_expect_nothing(&s);
    scene_beat(&s, worker, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 8});
    (void) scene_expect_send(&s, 1, worker);
}

static void
only_the_holder_can_return_a_link_or_fail_it(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t holder = scene_worker(&s, 1);
    uint32_t other = scene_worker(&s, 0);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, holder);
    ledger_returned(s.ledger, other, 1, s.now);
    scene_again(&s, other, 1, TL_TIMEOUT, 0);
    ledger_returned(s.ledger, other, 99, s.now);
    scene_again(&s, other, 99, TL_TIMEOUT, 0);
    assert_int_equal(ledger_unfinished(s.ledger, holder), 1);
    scene_expect_nothing(&s);
}

static void
reported_and_not_settled_is_asked_for_and_preferably_answered_again(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 1);
    uint32_t idle = scene_worker(&s, 0);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, worker);
    ledger_done(s.ledger, worker, 1, s.now);
    scene_beat(&s, idle, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 50});
    s.now += TL_SETTLE_MS - 1;
    scene_expect_nothing(&s);
    assert_int_equal(ledger_deadline(s.ledger), s.now + 1);
    s.now += 1;
    scene_sync(&s);
    /* The one that has it in its cache, though the other has far more free slots. */
    (void) scene_expect_send(&s, 1, worker);
}

static void
reported_by_a_worker_that_left_goes_to_anyone(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t gone = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, gone);
    ledger_done(s.ledger, gone, 1, s.now);
    ledger_leave(s.ledger, gone, s.now);
    assert_int_equal(ledger_now(s.ledger).reported, 1); /* it may still settle */
    assert_int_equal(ledger_join(s.ledger), gone);      /* its number is used again */
    uint32_t roomy = scene_worker(&s, 50);
    scene_beat(&s, gone, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 1});
    s.now += TL_SETTLE_MS;
    scene_sync(&s);
    (void) scene_expect_send(&s, 1, roomy);
}

static void
a_sync_decides_only_about_what_was_lost_before_it(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t first = scene_worker(&s, 1);
    uint32_t second = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 2);
    (void) scene_expect_send(&s, 1, first);
    (void) scene_expect_send(&s, 2, second);
    ledger_leave(s.ledger, first, s.now);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    ledger_leave(s.ledger, second,
                 s.now); /* in the same millisecond, after the question */
    ledger_synced(s.ledger, s.now);

    uint32_t third = scene_worker(&s, 8);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    (void) scene_expect_send(&s, 1, third);
    scene_expect_nothing(&s);
    ledger_synced(s.ledger, s.now);
    (void) scene_expect_send(&s, 2, third);
}

static void
what_settles_while_the_sink_is_asked_is_not_sent_again(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t gone = scene_worker(&s, 2);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 2);
    (void) scene_expect_send(&s, 1, gone);
    (void) scene_expect_send(&s, 2, gone);
    ledger_leave(s.ledger, gone, s.now);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    ledger_settled(s.ledger, 1);
    ledger_synced(s.ledger, s.now);
    uint32_t other = scene_worker(&s, 8);
    (void) scene_expect_send(&s, 2, other);
    scene_expect_nothing(&s);
}

static void
a_sync_that_nobody_asked_for_changes_nothing(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t gone = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, gone);
    ledger_leave(s.ledger, gone, s.now);
    ledger_synced(s.ledger, s.now);
    (void) scene_worker(&s, 8);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    scene_expect_nothing(&s);
}

static void
a_gap_in_the_chain_asks_once(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();

    (void) state;
    ledger_want_sync(s.ledger);
    ledger_want_sync(s.ledger);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    scene_expect_nothing(&s);
    ledger_want_sync(s.ledger); /* another gap meanwhile */
    scene_expect_nothing(&s);
    ledger_synced(s.ledger, s.now);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
}

static void
a_lane_that_does_not_take_a_task_rests_for_a_moment(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 8);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 2);
    ledger_action action = scene_expect_send(&s, 1, worker);
    ledger_unsent(s.ledger, &action, s.now);
    scene_expect_nothing(&s);
    assert_int_equal(ledger_now(s.ledger).sends, 0);
    s.now = ledger_deadline(s.ledger);
    action = scene_expect_send(&s, 1, worker); /* in its old place, with its old number */
    assert_int_equal(action.seq, 1);
    assert_int_equal(scene_expect_send(&s, 2, worker).seq, 2);
}

static void
a_cancelled_run_sends_nothing_more_but_speaks_its_rulings(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 8);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, worker);
    scene_add(&s, 2);
    ledger_stop(s.ledger);
    scene_expect_nothing(&s);
    scene_again(&s, worker, 1, TL_HTTP_4XX, 0);
    (void) scene_expect_ruling(&s, 1, TL_FAILED, TL_HTTP_4XX);
    scene_expect_nothing(&s);
}

static void
a_slow_sink_stops_dispatch(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 1);

    (void) state;
    for (uint64_t id = 1; id <= TL_REPORTED_LINKS; id++) {
        scene_add(&s, id);
        (void) scene_expect_send(&s, id, worker);
        ledger_done(s.ledger, worker, id, s.now);
    }
    scene_add(&s, TL_REPORTED_LINKS + 1);
    scene_expect_nothing(&s);
    ledger_settled(s.ledger, 1);
    (void) scene_expect_send(&s, TL_REPORTED_LINKS + 1, worker);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_goes_from_the_source_to_the_sink),
        cmocka_unit_test(a_link_that_is_added_twice_is_there_once),
        cmocka_unit_test(what_settles_before_it_is_done_keeps_its_slot_until_it_is),
        cmocka_unit_test(returned_links_go_to_others_at_once),
        cmocka_unit_test(returned_stops_dispatch_until_the_next_heartbeat),
        cmocka_unit_test(only_the_holder_can_return_a_link_or_fail_it),
        cmocka_unit_test(
            reported_and_not_settled_is_asked_for_and_preferably_answered_again),
        cmocka_unit_test(reported_by_a_worker_that_left_goes_to_anyone),
        cmocka_unit_test(a_sync_decides_only_about_what_was_lost_before_it),
        cmocka_unit_test(what_settles_while_the_sink_is_asked_is_not_sent_again),
        cmocka_unit_test(a_sync_that_nobody_asked_for_changes_nothing),
        cmocka_unit_test(a_gap_in_the_chain_asks_once),
        cmocka_unit_test(a_lane_that_does_not_take_a_task_rests_for_a_moment),
        cmocka_unit_test(a_cancelled_run_sends_nothing_more_but_speaks_its_rulings),
        cmocka_unit_test(a_slow_sink_stops_dispatch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
