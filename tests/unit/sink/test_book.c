/* book: what a ventilator and workers say, what is on disk, what is answered; each with a
 * real record. */
#include "tests/unit/sink/desk.h"

static void
links_are_registered_reported_and_settled_in_one_chain(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 300);
    assert_int_equal(self->place_count, 300);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(self->places[i].id, i + 1);
        assert_int_equal(self->places[i].verdict, TL_PENDING);
        desk_report(self, i + 1, TL_DONE, TL_OK);
        if (i == 99)
            desk_pass(self, TL_COMMIT_MS);
    }
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(self->settled_count, 300);
    assert_int_equal(self->chain, 300);
    assert_int_equal(self->gaps, 0);
    assert_int_equal(desk_count(self, TL_DONE), 300);
}

static void
reports_wait_for_company_and_are_not_settled_before_the_commit(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 10);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS - 1);
    assert_int_equal(self->settled_count, 0);
    assert_int_equal(self->wait_ms, 1);
    desk_pass(self, 1);
    assert_int_equal(self->settled_count, 1);
}

static void
the_last_reports_wait_for_nobody(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 2);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_report(self, 2, TL_DONE, TL_OK);
    desk_pass(self, 0);
    assert_int_equal(self->settled_count, 2);
}

static void
a_second_report_changes_nothing_and_is_acknowledged_again(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 3);
    desk_report(self, 2, TL_DONE, TL_OK);
    desk_report(self, 2, TL_FAILED, TL_TIMEOUT); /* in the same commit */
    desk_pass(self, TL_COMMIT_MS);
    desk_report(self, 2, TL_FAILED, TL_TIMEOUT); /* and in a later one */
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(self->settled_count, 1);
    assert_int_equal(self->again, 2);
    assert_int_equal(self->chain, 1);
    assert_int_equal(desk_count(self, TL_DONE), 1);
    assert_int_equal(desk_count(self, TL_FAILED), 0);
    assert_int_equal(desk_count(self, TL_PENDING), 2);
}

static void
a_repeated_register_gets_the_same_answer(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 5);
    desk_report(self, 3, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    self->batch = 0;
    desk_register(self, 1, 5);
    assert_int_equal(self->place_count, 10);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(self->places[5 + i].id, self->places[i].id);
        assert_int_equal(self->places[5 + i].verdict, i == 2 ? TL_DONE : TL_PENDING);
        assert_string_equal(self->places[5 + i].name, i == 2 ? "" : self->places[i].name);
    }
    assert_int_equal(tally_links(self->counts), 5);
}

static void
another_line_of_the_list_with_the_same_key_is_a_duplicate(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    for (size_t round = 0; round < 2; round++) { /* said twice, counted once */
        self->batch = 0;
        desk_add(self, 1, 11, "a.jpg", TL_OK);
        desk_add(self, 2, 12, "b.jpg", TL_OK);
        desk_add(self, 3, 11, "a.jpg", TL_OK);
        desk_send_register(self, 3);
        desk_pass(self, TL_REPEAT_MS);
        assert_int_equal(self->places[3 * round + 2].verdict, TL_DUPLICATE);
        assert_int_equal(self->places[3 * round + 2].id, self->places[0].id);
        assert_int_equal(self->places[3 * round].verdict, TL_PENDING);
    }
    assert_int_equal(desk_count(self, TL_DUPLICATE), 1);
    assert_int_equal(tally_links(self->counts), 2);
    desk_restart(self);
    assert_int_equal(desk_count(self, TL_DUPLICATE), 1);
}

static void
add_link_with_key(desk *self, uint64_t line, const char *key16)
{
    const tl_link link = {.line = line,
                          .url = tl_view("http://x.example/"),
                          .key = {key16, TL_KEY_BYTES},
                          .name = tl_view("a.jpg")};
    tl_error err;

    assert_int_equal(tl_list_add(self->items, &TL_LINK, &link, &err), TL_OK);
}

static void
keys_that_share_their_first_half_are_different_links(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    add_link_with_key(self, 1, "samehalfAAAAAAAA");
    add_link_with_key(self, 2, "samehalfBBBBBBBB");
    desk_send_register(self, 2);
    desk_pass(self, TL_REPEAT_MS);
    add_link_with_key(self, 3, "samehalfCCCCCCCC");
    add_link_with_key(self, 2, "samehalfBBBBBBBB");
    desk_send_register(self, 2);
    desk_pass(self, TL_REPEAT_MS);
    assert_int_equal(self->place_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(self->places[i].verdict, TL_PENDING);
    assert_int_equal(self->places[3].id, self->places[1].id);
    assert_int_not_equal(self->places[0].id, self->places[1].id);
    assert_int_not_equal(self->places[0].id, self->places[2].id);
    assert_string_not_equal(self->places[0].name, self->places[1].name);
    assert_int_equal(tally_links(self->counts), 3);
}

static void
a_malformed_line_ends_as_failed_at_once(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_add(self, 1, 1, "", TL_URL_INVALID);
    desk_add(self, 2, 2, "b.jpg", TL_OK);
    desk_send_register(self, 2);
    desk_pass(self, TL_REPEAT_MS);
    assert_int_equal(self->places[0].verdict, TL_FAILED);
    assert_int_equal(self->places[1].verdict, TL_PENDING);
    assert_int_equal(self->chain, 1);
    assert_int_equal(tally_faults(self->counts, TL_FAILED, TL_URL_INVALID), 1);
}

static void
wanted_names_that_are_taken_get_a_piece_of_the_key(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    for (uint64_t i = 1; i <= 3; i++)
        desk_add(self, i, i, "image.jpg", TL_OK);
    desk_add(self, 4, 4, "IMAGE.png", TL_OK);
    desk_send_register(self, 4);
    desk_pass(self, TL_REPEAT_MS);
    assert_string_equal(self->places[0].name, "image.jpg");
    for (size_t i = 1; i < 3; i++) {
        assert_int_equal(strlen(self->places[i].name), strlen("image-01234567.jpg"));
        assert_memory_equal(self->places[i].name, "image-", 6);
    }
    assert_memory_equal(self->places[3].name, "IMAGE-", 6);
    assert_string_not_equal(self->places[1].name, self->places[2].name);
}

static void
a_new_instance_gets_the_next_epoch_and_the_old_one_is_fenced(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    assert_int_equal(self->epoch, 1);
    desk_open(self, 7); /* said again */
    assert_int_equal(self->epoch, 1);
    desk_open(self, 8);
    assert_int_equal(self->epoch, 2);

    self->epoch = 1;
    desk_register(self, 1, 1);
    assert_int_equal(self->fenced, 1);
    assert_int_equal(self->place_count, 0);
    desk_open_as(self, "a run of 16 byte", 7); /* it cannot come back either */
    assert_int_equal(self->fenced, 2);
    desk_restart(self);
    desk_open_as(self, "a run of 16 byte", 7);
    assert_int_equal(self->fenced, 3);
}

static void
another_run_another_version_and_an_unknown_epoch_are_refused(void **state)
{
    static const uint8_t later[] = {0x93, 0x02, 0xa4, 'o', 'p', 'e', 'n', 0x80};
    desk *self = *state;

    desk_open(self, 7);
    desk_open_as(self, "another run's nm", 8);
    assert_int_equal(self->refused, 1);
    assert_non_null(strstr(self->why, "links.txt"));
    book_on_run(self->book, tl_view("v"), later, sizeof later, self->now_ms);
    assert_int_equal(self->refused, 2);
    assert_non_null(strstr(self->why, "version 2"));
    self->epoch = 99;
    desk_register(self, 1, 1);
    assert_int_equal(self->refused, 3);
    assert_int_equal(tally_links(self->counts), 0);
}

static void
what_does_not_belong_here_is_counted_and_ignored(void **state)
{
    static const uint8_t rubbish[] = {0xdd, 0xdd, 0xdd, 0xdd, 0x00};
    desk *self = *state;
    const tl_done done = {.boot = 1, .run = 1};

    desk_open(self, 7);
    desk_register(self, 1, 2);
    book_on_run(self->book, tl_view("v"), rubbish, sizeof rubbish, self->now_ms);
    book_on_report(self->book, rubbish, sizeof rubbish, self->now_ms);
    desk_say(self, &TL_DONE_MESSAGE, &done);
    desk_report_for(self, self->opened.run + 1, 1, TL_DONE, TL_OK); /* another run's */
    desk_report(self, 3, TL_DONE, TL_OK);                           /* no such link */
    desk_report(self, 1, TL_LOST, TL_WORKERS_DIED); /* not for a worker to say */
    desk_report(self, 1, TL_FAILED, TL_OK);         /* without a reason */
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(book_look(self->book)->refused, 7);
    assert_int_equal(desk_count(self, TL_PENDING), 2);
    assert_int_equal(self->settled_count, 0);
}

static void
a_sync_says_everything_again_in_order(void **state)
{
    enum { LINKS = 5000 };
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, LINKS);
    self->deaf = true;
    for (uint64_t id = 1; id <= LINKS; id++)
        desk_report(self, id, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    self->deaf = false;

    desk_say(self, &TL_SYNC, &(tl_sync){self->epoch, 0});
    desk_pass(self, 0);
    assert_int_equal(self->settled_count, LINKS);
    assert_int_equal(self->settled_messages, 2); /* 4096 and the rest */
    assert_int_equal(self->gaps, 0);
    assert_int_equal(self->synced, 1);
    assert_int_equal(self->last_synced.seq, LINKS);
    for (uint64_t i = 0; i < LINKS; i++)
        assert_int_equal(self->settled[i], i + 1);
}

static void
a_lost_message_shows_as_a_gap(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 5);
    self->deaf = true;
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    self->deaf = false;
    desk_report(self, 2, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(self->gaps, 1);
}

static void
what_is_committed_during_a_sync_waits_for_its_turn(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 5);
    self->deaf = true;
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_report(self, 2, TL_DONE, TL_OK);
    desk_pass(self, TL_COMMIT_MS);
    self->deaf = false;
    desk_say(self, &TL_SYNC, &(tl_sync){self->epoch, 0});
    for (uint64_t id = 3; id <= 5; id++)
        desk_report(self, id, TL_DONE, TL_OK);
    desk_pass(self, 0); /* commits them, and answers the sync */
    assert_int_equal(self->settled_count, 5);
    assert_int_equal(self->gaps, 0);
    assert_int_equal(self->last_synced.seq, 5);
}

static void
rulings_end_links_like_reports(void **state)
{
    static const tl_ruling rulings[] = {
        {1, TL_LOST, TL_WORKERS_DIED, 3, 0},
        {2, TL_FAILED, TL_LINK_LIFE, 4, 503},
        {3, TL_FAILED, (tl_fault) 150, 4, 0},  /* for no reason that we know */
        {4, TL_DUPLICATE, TL_LINK_LIFE, 4, 0}, /* not for a ventilator to say */
    };
    desk *self = *state;
    tl_error err;

    desk_open(self, 7);
    desk_register(self, 1, 5);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(tl_list_add(self->items, &TL_RULING, &rulings[i], &err), TL_OK);
    desk_say(self, &TL_RULINGS, &(tl_rulings){self->epoch, tl_list_of(self->items, 4)});
    desk_pass(self, TL_COMMIT_MS);
    assert_int_equal(self->settled_count, 2);
    assert_int_equal(desk_count(self, TL_LOST), 1);
    assert_int_equal(desk_count(self, TL_FAILED), 1);
    assert_int_equal(desk_count(self, TL_PENDING), 3);
}

static void
pages_tell_what_is_pending(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 10);
    for (uint64_t id = 2; id <= 10; id += 2)
        desk_report(self, id, TL_DONE, TL_OK);
    /* The reports above are written first, so they are not on the page. */
    desk_say(self, &TL_PENDING_REQUEST, &(tl_pending){self->epoch, 1, 3});
    assert_int_equal(self->page_count, 3);
    assert_int_equal(self->page_ids[0], 3);
    assert_int_equal(self->page_ids[2], 7);
    assert_true(self->page_more);
    desk_say(self, &TL_PENDING_REQUEST, &(tl_pending){self->epoch, 7, 3});
    assert_int_equal(self->page_count, 1);
    assert_int_equal(self->page_ids[0], 9);
    assert_false(self->page_more);
}

static void
the_end_comes_when_nothing_is_pending(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_register(self, 1, 2);
    desk_report(self, 1, TL_DONE, TL_OK);
    desk_say(self, &TL_LISTED, &(tl_listed){.epoch = self->epoch, .lines = 2});
    desk_pass(self, 0);
    assert_int_equal(self->heard, 1);
    desk_say(self, &TL_END, &(tl_end){self->epoch});
    assert_int_equal(self->complete.pending, 1);
    assert_int_equal(book_look(self->book)->state, BOOK_RUNNING);
    assert_int_equal(book_exit_code(self->book), TL_EXIT_CUT_SHORT);

    desk_report(self, 2, TL_FAILED, TL_HTTP_4XX);
    desk_say(self, &TL_END, &(tl_end){self->epoch});
    desk_say(self, &TL_END, &(tl_end){self->epoch}); /* the answer may get lost */
    assert_int_equal(self->completes, 3);
    assert_int_equal(self->complete.pending, 0);
    assert_int_equal(self->complete.done, 1);
    assert_int_equal(self->complete.failed, 1);
    assert_int_equal(book_look(self->book)->state, BOOK_COMPLETE);
    assert_int_equal(book_exit_code(self->book), TL_EXIT_SOME_FAILED);
    desk_say(self, &TL_BYE, &(tl_bye){self->epoch});
    assert_int_equal(book_look(self->book)->state, BOOK_OVER);
}

static void
a_ventilator_that_never_says_bye_is_not_waited_for_for_ever(void **state)
{
    desk *self = *state;

    desk_open(self, 7);
    desk_say(self, &TL_END, &(tl_end){self->epoch});
    desk_pass(self, TL_BYE_MS - 1);
    assert_int_equal(book_look(self->book)->state, BOOK_COMPLETE);
    desk_pass(self, 1);
    assert_int_equal(book_look(self->book)->state, BOOK_OVER);
    assert_int_equal(book_exit_code(self->book), TL_EXIT_DONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_set_up, desk_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(links_are_registered_reported_and_settled_in_one_chain),
        TEST(reports_wait_for_company_and_are_not_settled_before_the_commit),
        TEST(the_last_reports_wait_for_nobody),
        TEST(a_second_report_changes_nothing_and_is_acknowledged_again),
        TEST(a_repeated_register_gets_the_same_answer),
        TEST(another_line_of_the_list_with_the_same_key_is_a_duplicate),
        TEST(keys_that_share_their_first_half_are_different_links),
        TEST(a_malformed_line_ends_as_failed_at_once),
        TEST(wanted_names_that_are_taken_get_a_piece_of_the_key),
        TEST(a_new_instance_gets_the_next_epoch_and_the_old_one_is_fenced),
        TEST(another_run_another_version_and_an_unknown_epoch_are_refused),
        TEST(what_does_not_belong_here_is_counted_and_ignored),
        TEST(a_sync_says_everything_again_in_order),
        TEST(a_lost_message_shows_as_a_gap),
        TEST(what_is_committed_during_a_sync_waits_for_its_turn),
        TEST(rulings_end_links_like_reports),
        TEST(pages_tell_what_is_pending),
        TEST(the_end_comes_when_nothing_is_pending),
        TEST(a_ventilator_that_never_says_bye_is_not_waited_for_for_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
