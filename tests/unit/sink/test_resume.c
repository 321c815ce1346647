/* The book over several lives: killed sinks, new ventilators, edited lists, cancelled
 * runs, disks that are full for a while. */
#include "tests/unit/sink/desk.h"

static void
finish_listing(desk *self)
{
    desk_say(self, &TL_LISTED, &(tl_listed){.epoch = self->epoch, .lines = 1});
    desk_pass(self, 0);
}

static void
a_killed_sink_goes_on_where_its_record_is(void **state)
{
    desk *self = *state;
    char name[TL_NAME_BYTES + 1];

    desk_open(self, 7);
    desk_register(self, 1, 4);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    desk_report(self, 2, TL_DONE, TL_OK); /* not written, not settled */
    uint64_t run = self->opened.run;
    (void) memcpy(name, self->places[2].name, sizeof name);
    desk_restart(self);

    assert_int_equal(tally_links(self->counts), 4);
    assert_int_equal(desk_count(self, TL_DONE), 1);
    assert_int_equal(tally_worker_at(self->counts, 0)->links, 1);
    self->chain = 0;
    desk_say(self, &TL_SYNC, &(tl_sync){self->epoch, 0}); /* the epoch is still good */
    desk_pass(self, 0);
    assert_int_equal(self->synced, 1);
    desk_open(self, 7);
    assert_int_equal(self->epoch, 1);
    assert_int_equal(self->opened.run, run);
    assert_int_equal(self->opened.seq, 1);
    assert_int_equal(self->opened.links, 4);
    self->place_count = 0;
    desk_register(self, 1, 5); /* one more than before */
    assert_int_equal(self->places[0].verdict, TL_DONE);
    assert_int_equal(self->places[1].verdict, TL_PENDING);
    assert_string_equal(self->places[2].name, name);
    assert_true(self->places[4].id > 4);
    desk_report(self, 2, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(self->chain, 2);
    assert_int_equal(self->gaps, 0);
}

static void
a_restarted_ventilator_lists_again_and_lines_may_have_moved(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 3);
    desk_open(self, 8);
    self->place_count = 0;
    for (uint64_t line = 1; line <= 3; line++) /* the list is upside down now */
        desk_add(self, line, 4 - line, "x.jpg", TL_OK);
    desk_add(self, 4, 1, "x.jpg", TL_OK); /* and its last line stands twice */
    desk_send_register(self, 4);
    desk_pass(self, TL_REPEAT_MS);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(self->places[i].id, 3 - i);
        assert_int_equal(self->places[i].verdict, TL_PENDING);
    }
    assert_int_equal(self->places[3].verdict, TL_DUPLICATE);
    assert_string_equal(self->places[0].name, "3.jpg"); /* names stay */
}

static void
links_that_were_taken_off_the_list_are_cancelled_and_may_come_back(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 5);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    desk_open(self, 8);
    desk_register(self, 1, 3);
    finish_listing(self);
    assert_int_equal(self->heard, 1);
    assert_int_equal(tally_faults(self->counts, TL_CANCELLED, TL_NOT_LISTED), 2);
    assert_int_equal(desk_count(self, TL_PENDING), 2);
    assert_int_equal(self->chain, 3);
    finish_listing(self); /* repeated: nothing new */
    assert_int_equal(self->heard, 2);
    assert_int_equal(self->chain, 3);

    desk_open(self, 9);
    self->place_count = 0;
    desk_register(self, 1, 5);
    assert_int_equal(self->places[4].verdict, TL_PENDING);
    assert_int_equal(self->places[4].id, 5);
    assert_string_equal(self->places[4].name, "5.jpg");
    assert_int_equal(desk_count(self, TL_CANCELLED), 0);
    assert_int_equal(desk_count(self, TL_PENDING), 4);
}

static void
duplicates_are_those_of_the_list_as_it_is_now(void **state)
{
    desk *self = *state;

    for (uint64_t instance = 7; instance <= 8; instance++) { /* resumed: counted once */
        desk_open(self, instance);
        desk_add(self, 1, 1, "a.jpg", TL_OK);
        desk_add(self, 2, 1, "a.jpg", TL_OK);
        desk_send_register(self, 2);
        finish_listing(self);
        assert_int_equal(desk_count(self, TL_DUPLICATE), 1);
    }
    desk_open(self, 9); /* line 2 is another link now */
    desk_register(self, 1, 2);
    finish_listing(self);
    assert_int_equal(desk_count(self, TL_DUPLICATE), 0);
    desk_restart(self);
    assert_int_equal(desk_count(self, TL_DUPLICATE), 0);
}

static void
the_chains_numbers_never_come_back(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 3);
    desk_say(self, &TL_STOP, &(tl_stop){self->epoch, TL_RUN_CANCELLED});
    desk_pass(self, 0);
    assert_int_equal(self->chain, 3);
    desk_open(self, 8);
    desk_register(self, 1, 3); /* all three reports are gone now */
    self->chain = 0;
    desk_say(self, &TL_SYNC, &(tl_sync){self->epoch, 0});
    desk_pass(self, 0);
    assert_int_equal(self->last_synced.seq, 3);
    assert_int_equal(self->chain, 3);
    desk_restart(self);
    desk_open(self, 8);
    assert_int_equal(self->opened.seq, 3);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(self->chain, 4);

    self->chain = 0;
    desk_say(self, &TL_SYNC, &(tl_sync){self->epoch, 0});
    desk_pass(self, 0);
    assert_int_equal(self->gaps, 0);
    assert_int_equal(self->last_synced.seq, 4);
}

static void
a_source_that_cannot_be_read_again_keeps_its_links(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 5);
    desk_add(self, 6, 1, "1.jpg", TL_OK);
    desk_send_register(self, 1);
    desk_open(self, 8);
    desk_say(self, &TL_LISTED, &(tl_listed){.epoch = self->epoch, .keep = true});
    desk_pass(self, 0);
    assert_int_equal(self->heard, 1);
    assert_int_equal(desk_count(self, TL_PENDING), 5);
    assert_int_equal(desk_count(self, TL_DUPLICATE), 1);
}

static void
a_stopped_run_cancels_what_is_pending_and_can_be_resumed(void **state)
{
    enum { LINKS = 2500 }; /* more than one chunk */
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, LINKS);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_say(self, &TL_STOP, &(tl_stop){self->epoch, TL_RUN_TIMEOUT});
    desk_register(self, LINKS, LINKS + 1); /* too late */
    assert_int_equal(self->heard, 1);
    desk_say(self, &TL_STOP, &(tl_stop){self->epoch, TL_RUN_TIMEOUT}); /* said again */
    desk_pass(self, 0);
    assert_int_equal(self->heard, 2);
    assert_int_equal(self->settled_count, LINKS);
    assert_int_equal(self->gaps, 0);
    desk_report(self, 2, TL_DONE, TL_OK); /* too late as well, and acknowledged */
    desk_say(self, &TL_END, &(tl_end){self->epoch});
    assert_int_equal(self->again, 1);
    assert_int_equal(self->complete.pending, 0);
    assert_int_equal(self->complete.done, 1);
    assert_int_equal(self->complete.cancelled, LINKS - 1);
    assert_int_equal(book_exit_code(self->book), TL_EXIT_CUT_SHORT);

    desk_restart(self);
    desk_open(self, 8);
    assert_false(self->opened.complete);
    self->place_count = 0;
    desk_register(self, 1, LINKS);
    assert_int_equal(self->places[0].verdict, TL_DONE);
    assert_int_equal(self->places[1].verdict, TL_PENDING);
    assert_int_equal(desk_count(self, TL_PENDING), LINKS - 1);
}

static void
a_complete_record_says_so_until_something_is_listed_again(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 2);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_report(self, 2, TL_DONE, TL_OK);
    finish_listing(self);
    desk_restart(self);
    desk_open(self, 8);
    assert_true(self->opened.complete);
    desk_open(self, 9);
    assert_true(self->opened.complete);
    desk_register(self, 1, 2); /* from here on the list may be another one */
    desk_restart(self);
    desk_open(self, 10);
    assert_false(self->opened.complete);
}

static tl_fault
fail_to_commit(void *self, tl_error *err)
{
    (void) self;
    return tl_fail(err, TL_DISK_FULL, "the disk is full");
}

static void
a_full_disk_delays_the_run_and_loses_nothing(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 3);
    desk_report(self, 1, TL_DONE, TL_OK);
    self->store.commit = fail_to_commit;
    desk_add(self, 4, 4, "4.jpg", TL_OK);
    desk_send_register(self, 1);
    desk_pass(self, TL_COMMIT_MS);
    assert_true(book_look(self->book)->stalled);
    assert_string_equal(book_look(self->book)->why, "the disk is full");
    assert_false(book_takes_run(self->book));
    assert_false(book_takes_reports(self->book));
    desk_pass(self, 5000);
    assert_true(book_look(self->book)->stalled);
    assert_int_equal(self->settled_count, 0);
    assert_int_equal(self->place_count, 3);
    assert_int_equal(desk_count(self, TL_PENDING), 3);

    self->store.commit = record_store(self->file)->commit;
    desk_pass(self, 999); /* it is tried once a second */
    assert_true(book_look(self->book)->stalled);
    desk_pass(self, 1);
    assert_false(book_look(self->book)->stalled);
    assert_int_equal(self->settled_count, 1);
    assert_int_equal(self->chain, 1);
    assert_int_equal(self->place_count, 4);
    assert_int_equal(self->places[3].id, 4);
    desk_restart(self);
    assert_int_equal(tally_links(self->counts), 4);
    assert_int_equal(desk_count(self, TL_DONE), 1);
}

static void
a_disk_that_is_full_when_the_run_opens_is_probed_until_it_is_not(void **state)
{
    desk *self = *state;

    self->store.commit = fail_to_commit;
    desk_open_as(self, "a run of 16 byte", 7);
    assert_int_equal(self->opened_count, 0);
    desk_pass(self, 1000);
    assert_true(book_look(self->book)->stalled);
    self->store.commit = record_store(self->file)->commit;
    desk_pass(self, 1000);
    assert_false(book_look(self->book)->stalled);
    desk_open(self, 7);
    assert_int_equal(self->epoch, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_killed_sink_goes_on_where_its_record_is),
        TEST(a_restarted_ventilator_lists_again_and_lines_may_have_moved),
        TEST(links_that_were_taken_off_the_list_are_cancelled_and_may_come_back),
        TEST(duplicates_are_those_of_the_list_as_it_is_now),
        TEST(the_chains_numbers_never_come_back),
        TEST(a_source_that_cannot_be_read_again_keeps_its_links),
        TEST(a_stopped_run_cancels_what_is_pending_and_can_be_resumed),
        TEST(a_complete_record_says_so_until_something_is_listed_again),
        TEST(a_full_disk_delays_the_run_and_loses_nothing),
        TEST(a_disk_that_is_full_when_the_run_opens_is_probed_until_it_is_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
