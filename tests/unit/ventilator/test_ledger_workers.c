/* ledger: what heartbeats prove, what a worker's death costs, and credit. */
#include "tests/unit/ventilator/ledger_scene.h"

static void
credit_is_never_exceeded(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t small = scene_worker(&s, 1);
    uint32_t large = scene_worker(&s, 3);

    (void) state;
    for (uint64_t id = 1; id <= 10; id++)
        scene_add(&s, id);
    for (int i = 0; i < 4; i++)
        assert_int_equal(scene_next(&s).verb, LEDGER_SEND);
    scene_expect_nothing(&s);
    assert_int_equal(ledger_unfinished(s.ledger, small), 1);
    assert_int_equal(ledger_unfinished(s.ledger, large), 3);
    /* Fewer slots than it holds: none is free until it has finished some. */
    scene_beat(&s, large, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 2});
    ledger_done(s.ledger, large, 1, s.now);
    scene_expect_nothing(&s);
}

static void
a_worker_without_slots_or_lane_gets_nothing(void **state)
{
    static const ledger_beat beats[] = {
        {.lane = LEDGER_LANE_OURS, .slots = 0},
        {.lane = LEDGER_LANE_NONE, .slots = 8},
        {.lane = LEDGER_LANE_OTHER, .slots = 8},
        {.lane = LEDGER_LANE_OURS, .slots = 8, .draining = true},
    };

    (void) state;
    for (size_t i = 0; i < sizeof beats / sizeof beats[0]; i++) {
        TL_SCOPED(scene_end) scene s = scene_new();
        uint32_t worker = ledger_join(s.ledger);

        scene_add(&s, 1);
        scene_expect_nothing(&s); /* it has not said anything yet */
        scene_beat(&s, worker, beats[i]);
        scene_expect_nothing(&s);
        scene_beat(&s, worker, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 1});
        (void) scene_expect_send(&s, 1, worker);
    }
}

static void
a_lane_that_was_given_up_gets_nothing_until_the_next_one_is_shown(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 2);

    (void) state;
    scene_add(&s, 1);
    scene_add(&s, 2);
    (void) scene_expect_send(&s, 1, worker);
    (void) scene_expect_send(&s, 2, worker);
    scene_add(&s, 3);
    ledger_close(s.ledger, worker);
    /* The new lane: what the old one still had is not coming any more. */
    scene_beat(&s, worker,
               (ledger_beat){.lane = LEDGER_LANE_OURS,
                             .slots = 3,
                             .held = (const uint64_t[]){2},
                             .held_count = 1});
    scene_sync(&s);
    assert_int_equal(scene_expect_send(&s, 3, worker).seq, 1);
    assert_int_equal(scene_expect_send(&s, 1, worker).seq, 2);
}

static void
only_a_heartbeat_that_has_passed_a_number_proves_absence(void **state)
{
    static const struct {
        uint64_t top;
        ledger_lane lane;
        bool absent;
    } cases[] = {
        {0, LEDGER_LANE_OURS, false}, /* the task is on its way */
        {1, LEDGER_LANE_OURS, true},   {7, LEDGER_LANE_OURS, true},
        {7, LEDGER_LANE_OTHER, false}, /* of another lane, that says nothing */
        {0, LEDGER_LANE_NONE, true},   /* and this one has nothing on its way */
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(scene_end) scene s = scene_new();
        uint32_t worker = scene_worker(&s, 4);

        scene_add(&s, 1);
        (void) scene_expect_send(&s, 1, worker);
        scene_beat(&s, worker,
                   (ledger_beat){.lane = cases[i].lane, .top = cases[i].top, .slots = 4});
        assert_int_equal(ledger_unfinished(s.ledger, worker), !cases[i].absent);
        if (!cases[i].absent) {
            scene_expect_nothing(&s);
            continue;
        }
        /* The sink is asked before it is sent again. */
        assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
        scene_expect_nothing(&s);
        ledger_synced(s.ledger, s.now);
        scene_beat(&s, worker, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 4});
        assert_int_equal(scene_expect_send(&s, 1, worker).attempt, 1);
        assert_int_equal(ledger_now(s.ledger).losses, 0);
    }
}

static void
what_was_held_once_is_absent_from_any_later_heartbeat(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 4);

    (void) state;
    for (uint64_t id = 1; id <= 3; id++) {
        scene_add(&s, id);
        (void) scene_expect_send(&s, id, worker);
    }
    scene_holds(&s, worker, 3, IDS(1, 2, 3), 0);
    ledger_close(s.ledger, worker);
    scene_holds(&s, worker, 0, IDS(1, 2, 3), 0); /* on the next lane */
    scene_holds(&s, worker, 0, IDS(1, 3), 0);
    assert_int_equal(ledger_unfinished(s.ledger, worker), 2);
    scene_sync(&s);
    (void) scene_expect_send(&s, 2, worker);
}

static void
only_begun_links_of_a_dead_worker_count_as_losses(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 8);

    (void) state;
    for (uint64_t id = 1; id <= 4; id++) {
        scene_add(&s, id);
        (void) scene_expect_send(&s, id, worker);
    }
    scene_holds(&s, worker, 3, IDS(1, 2, 3), 1); /* 4 is on its way */
    ledger_leave(s.ledger, worker, s.now);
    assert_int_equal(ledger_now(s.ledger).losses, 1);
    assert_int_equal(ledger_now(s.ledger).at_workers, 0);
    assert_int_equal(ledger_now(s.ledger).links, 4);
}

static void
three_losses_end_a_link_as_lost(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();

    (void) state;
    scene_add(&s, 1);
    for (int i = 0; i < TL_LOSSES; i++) {
        uint32_t worker = scene_worker(&s, 8);

        if (i > 0)
            scene_sync(&s);
        (void) scene_expect_send(&s, 1, worker);
        scene_holds(&s, worker, 1, IDS(1), 1);
        ledger_leave(s.ledger, worker, s.now);
    }
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    (void) scene_expect_ruling(&s, 1, TL_LOST, TL_WORKERS_DIED);
    ledger_synced(s.ledger, s.now);
    (void) scene_worker(&s, 8);
    scene_expect_nothing(&s);
    ledger_settled(s.ledger, 1);
    assert_int_equal(ledger_now(s.ledger).links, 0);
}

static void
deaths_that_cost_nothing_do_not_add_up(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();

    (void) state;
    scene_add(&s, 1);
    for (int i = 0; i < TL_LOSSES * 3; i++) {
        uint32_t worker = scene_worker(&s, 8);

        if (i > 0)
            scene_sync(&s);
        (void) scene_expect_send(&s, 1, worker);
        scene_holds(&s, worker, 1, IDS(1), 0);
        ledger_leave(s.ledger, worker, s.now);
    }
    assert_int_equal(ledger_now(s.ledger).losses, 0);
}

static void
fifty_sends_of_any_kind_end_a_link_as_lost(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 8);

    (void) state;
    scene_add(&s, 1);
    for (int i = 0; i < TL_SENDS; i++) {
        (void) scene_expect_send(&s, 1, worker);
        ledger_returned(s.ledger, worker, 1, s.now);
    }
    (void) scene_expect_ruling(&s, 1, TL_LOST, TL_SENT_TOO_OFTEN);
    scene_expect_nothing(&s);
}

static void
a_suspect_link_goes_only_to_a_last_free_slot(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t gone = scene_worker(&s, 8);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, gone);
    scene_holds(&s, gone, 1, IDS(1), 1);
    ledger_leave(s.ledger, gone, s.now);
    uint32_t worker = scene_worker(&s, 3);
    scene_sync(&s);
    for (uint64_t id = 2; id <= 5; id++)
        scene_add(&s, id);
    (void) scene_expect_send(&s, 2, worker);
    (void) scene_expect_send(&s, 3, worker);
    (void) scene_expect_send(&s, 1, worker);
    scene_expect_nothing(&s);
    uint32_t roomy = scene_worker(&s, 8);
    ledger_returned(s.ledger, worker, 1, s.now);
    (void) scene_expect_send(&s, 1, worker); /* its last free slot again */
    (void) scene_expect_send(&s, 4, roomy);
    (void) scene_expect_send(&s, 5, roomy);
    /* With nothing else to do, any slot is as good. */
    ledger_drain(s.ledger, worker);
    ledger_returned(s.ledger, worker, 1, s.now);
    (void) scene_expect_send(&s, 1, roomy);
}

static void
a_restarted_ventilator_adopts_what_workers_hold(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = ledger_join(s.ledger);

    (void) state;
    scene_beat(&s, worker,
               (ledger_beat){.lane = LEDGER_LANE_OTHER,
                             .slots = 2,
                             .held = (const uint64_t[]){5},
                             .held_count = 1,
                             .begun = (const uint64_t[]){5},
                             .begun_count = 1});
    assert_int_equal(ledger_unfinished(s.ledger, worker), 1);
    assert_int_equal(ledger_now(s.ledger).links, 0);
    scene_add(&s, 5);
    scene_add(&s, 6);
    assert_int_equal(ledger_now(s.ledger).links, 2);
    scene_holds(&s, worker, 0, IDS(5), 1);
    (void) scene_expect_send(&s, 6, worker); /* and not 5 */
    ledger_done(s.ledger, worker, 5, s.now);
    ledger_settled(s.ledger, 5);
    assert_int_equal(ledger_now(s.ledger).links, 1);
}

static void
a_claim_may_come_after_the_registration(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = ledger_join(s.ledger);

    (void) state;
    scene_add(&s, 5);
    scene_beat(&s, worker,
               (ledger_beat){.lane = LEDGER_LANE_OTHER,
                             .slots = 2,
                             .held = (const uint64_t[]){5},
                             .held_count = 1});
    scene_holds(&s, worker, 0, IDS(5), 1);
    scene_expect_nothing(&s);
    /* It was never sent by us; its life begins with what we know. */
    scene_again(&s, worker, 5, TL_TIMEOUT, 0);
    assert_int_equal(ledger_now(s.ledger).delayed, 1);
}

static void
a_mere_claim_is_never_sent_or_ruled(void **state)
{
    static const char *const endings[] = {"again", "returned", "absent", "gone", "done"};

    (void) state;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        TL_SCOPED(scene_end) scene s = scene_new();
        uint32_t worker = scene_worker(&s, 8);

        scene_holds(&s, worker, 0, IDS(5), 1);
        switch (endings[i][0]) {
        case 'a':
            if (i == 0)
                scene_again(&s, worker, 5, TL_TIMEOUT, 0);
            else
                scene_beat(&s, worker, (ledger_beat){.lane = LEDGER_LANE_OURS});
            break;
        case 'r':
            ledger_returned(s.ledger, worker, 5, s.now);
            break;
        case 'g':
            ledger_leave(s.ledger, worker, s.now);
            break;
        default:
            ledger_done(s.ledger, worker, 5, s.now);
        }
        (void) scene_worker(&s, 8);
        for (int k = 0; k < 4; k++) {
            s.now += TL_SETTLE_MS;
            ledger_action action = scene_next(&s);

            assert_true(action.verb == LEDGER_NOTHING || action.verb == LEDGER_SYNC);
            ledger_synced(s.ledger, s.now);
        }
        assert_int_equal(ledger_now(s.ledger).links, 0);
        assert_int_equal(ledger_now(s.ledger).reported, 0);
        assert_int_equal(ledger_now(s.ledger).at_workers, 0);
        assert_int_equal(ledger_deadline(s.ledger), -1);
    }
}

static void
a_claim_that_was_done_waits_for_its_settlement_when_it_is_registered(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t worker = scene_worker(&s, 8);

    (void) state;
    scene_holds(&s, worker, 0, IDS(5), 1);
    ledger_done(s.ledger, worker, 5, s.now);
    scene_add(&s, 5);
    scene_expect_nothing(&s);
    assert_int_equal(ledger_now(s.ledger).reported, 1);
    ledger_settled(s.ledger, 5);
    assert_int_equal(ledger_now(s.ledger).links, 0);
}

static void
a_worker_that_was_thought_dead_keeps_what_it_still_holds(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t silent = scene_worker(&s, 8);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, silent);
    ledger_leave(s.ledger, silent, s.now);
    uint32_t back = scene_worker(&s, 8);
    scene_holds(&s, back, 0, IDS(1), 1);
    assert_int_equal(scene_next(&s).verb, LEDGER_SYNC);
    ledger_synced(s.ledger, s.now);
    scene_expect_nothing(&s);
    assert_int_equal(ledger_unfinished(s.ledger, back), 1);
}

static void
a_link_that_two_workers_hold_takes_a_slot_at_both(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t first = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, first);
    uint32_t second = scene_worker(&s, 1);
    ledger_beat beat = {.lane = LEDGER_LANE_OURS,
                        .slots = 1,
                        .held = (const uint64_t[]){1},
                        .held_count = 1};
    scene_beat(&s, second, beat); /* it was thought dead, and has come back with it */
    scene_add(&s, 2);
    scene_expect_nothing(&s);
    /* Its report ends the link, but the other one still has it. */
    ledger_done(s.ledger, second, 1, s.now);
    assert_int_equal(ledger_unfinished(s.ledger, first), 1);
    ledger_settled(s.ledger, 1);
    assert_int_equal(ledger_unfinished(s.ledger, first), 1);
    scene_beat(&s, second, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = 1});
    (void) scene_expect_send(&s, 2, second);
    assert_int_equal(ledger_now(s.ledger).links, 1);
}

static void
done_for_a_link_that_waits_is_believed(void **state)
{
    TL_SCOPED(scene_end) scene s = scene_new();
    uint32_t silent = scene_worker(&s, 1);

    (void) state;
    scene_add(&s, 1);
    (void) scene_expect_send(&s, 1, silent);
    ledger_leave(s.ledger, silent, s.now);
    scene_sync(&s);
    uint32_t back = ledger_join(s.ledger);
    ledger_done(s.ledger, back, 1, s.now); /* before its first heartbeat */
    ledger_done(s.ledger, back, 1, s.now);
    (void) scene_worker(&s, 8);
    scene_expect_nothing(&s);
    assert_int_equal(ledger_now(s.ledger).reported, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credit_is_never_exceeded),
        cmocka_unit_test(a_worker_without_slots_or_lane_gets_nothing),
        cmocka_unit_test(
            a_lane_that_was_given_up_gets_nothing_until_the_next_one_is_shown),
        cmocka_unit_test(only_a_heartbeat_that_has_passed_a_number_proves_absence),
        cmocka_unit_test(what_was_held_once_is_absent_from_any_later_heartbeat),
        cmocka_unit_test(only_begun_links_of_a_dead_worker_count_as_losses),
        cmocka_unit_test(three_losses_end_a_link_as_lost),
        cmocka_unit_test(deaths_that_cost_nothing_do_not_add_up),
        cmocka_unit_test(fifty_sends_of_any_kind_end_a_link_as_lost),
        cmocka_unit_test(a_suspect_link_goes_only_to_a_last_free_slot),
        cmocka_unit_test(a_restarted_ventilator_adopts_what_workers_hold),
        cmocka_unit_test(a_claim_may_come_after_the_registration),
        cmocka_unit_test(a_mere_claim_is_never_sent_or_ruled),
        cmocka_unit_test(
            a_claim_that_was_done_waits_for_its_settlement_when_it_is_registered),
        cmocka_unit_test(a_worker_that_was_thought_dead_keeps_what_it_still_holds),
        cmocka_unit_test(a_link_that_two_workers_hold_takes_a_slot_at_both),
        cmocka_unit_test(done_for_a_link_that_waits_is_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
