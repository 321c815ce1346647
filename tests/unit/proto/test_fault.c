/* fault: the numbers that travel and are stored never change. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/fault.h"
#include "tests/support/unit.h"

/* Append a row for each new fault; a row that must be edited is a broken promise. */
static const struct {
    uint64_t number;
    const char *label;
} pinned[] = {
    {0, "ok"},
    {1, "url_invalid"},
    {2, "scheme_blocked"},
    {3, "credentials"},
    {4, "not_listed"},
    {5, "run_cancelled"},
    {6, "run_timeout"},
    {7, "link_life"},
    {8, "workers_died"},
    {9, "sent_too_often"},
    {20, "dns_failed"},
    {21, "connect_failed"},
    {22, "connect_timeout"},
    {23, "timeout"},
    {24, "conn_reset"},
    {25, "empty_reply"},
    {26, "partial_body"},
    {27, "tls_failed"},
    {28, "address_blocked"},
    {29, "host_unavailable"},
    {40, "http_protocol"},
    {41, "http_3xx"},
    {42, "http_4xx"},
    {43, "http_408"},
    {44, "http_5xx"},
    {45, "rate_limited"},
    {46, "http_2xx"},
    {47, "too_many_redirects"},
    {48, "redirect_blocked"},
    {49, "too_large"},
    {50, "empty_body"},
    {51, "opted_out"},
    {52, "removed"},
    {60, "not_an_image"},
    {61, "truncated"},
    {62, "too_many_pixels"},
    {63, "decode_failed"},
    {64, "decode_timeout"},
    {65, "decode_memory"},
    {66, "decode_crashed"},
    {67, "encode_failed"},
    {80, "write_failed"},
    {81, "disk_full"},
    {82, "too_large_for_sink"},
    {200, "malformed"},
    {201, "version"},
    {202, "no_memory"},
    {203, "system"},
    {204, "usage"},
    {205, "cannot_start"},
    {206, "record"},
    {207, "refused"},
};

enum { PINNED = sizeof pinned / sizeof pinned[0] };

static void
numbers_and_labels_stay_as_they_are(void **state)
{
    tl_fault fault = TL_OK;

    (void) state;
    for (size_t i = 0; i < PINNED; i++) {
        assert_string_equal(tl_fault_label((tl_fault) pinned[i].number), pinned[i].label);
        assert_true(tl_fault_by_label(pinned[i].label, &fault));
        assert_int_equal(fault, pinned[i].number);
    }
}

static void
a_new_fault_is_pinned_too(void **state)
{
    tl_fault fault = TL_OK;

    (void) state;
    assert_true(tl_fault_at(PINNED - 1, &fault));
    assert_false(tl_fault_at(PINNED, &fault));
}

static void
only_faults_of_links_end_links(void **state)
{
    (void) state;
    assert_true(tl_fault_ends_link(TL_HTTP_4XX));
    assert_false(tl_fault_ends_link(TL_MALFORMED));
    assert_false(tl_fault_ends_link(199)); /* nobody's */
    assert_false(tl_fault_ends_link(UINT64_MAX));
}

static void
what_is_not_a_fault_is_unknown_and_final(void **state)
{
    tl_fault fault = TL_OK;

    (void) state;
    assert_string_equal(tl_fault_label((tl_fault) 199), "unknown");
    assert_int_equal(tl_fault_retry((tl_fault) 199), TL_RETRY_NEVER);
    assert_false(tl_fault_by_label("no such fault", &fault));
    assert_string_equal(tl_verdict_label(TL_CANCELLED), "cancelled");
    assert_string_equal(tl_verdict_label(TL_VERDICTS), "unknown");
}

static void
each_level_says_what_it_knows(void **state)
{
    tl_error err = {.fault = TL_OK};

    (void) state;
    errno = ENOENT;
    assert_int_equal(tl_fail_errno(&err, TL_CANNOT_START, "opening %s", "a.txt"),
                     TL_CANNOT_START);
    assert_int_equal(tl_within(&err, "source %d", 2), TL_CANNOT_START);
    assert_string_equal(err.text, "source 2: opening a.txt: No such file or directory");
}

static void
long_sentences_are_cut_and_not_overrun(void **state)
{
    char words[2 * TL_ERROR_TEXT_BYTES];
    tl_error err = {.fault = TL_OK};

    (void) state;
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    errno = EIO;
    (void) tl_fail(&err, TL_SYSTEM, "%s", words);
    (void) tl_within(&err, "%s", words);
    (void) tl_fail_errno(&err, TL_SYSTEM, "%s", words);
    assert_int_equal(strlen(err.text), TL_ERROR_TEXT_BYTES - 1);
}

static void
usage_exits_with_2_and_all_else_with_4(void **state)
{
    (void) state;
    assert_int_equal(tl_exit_code(&(tl_error){.fault = TL_USAGE}), 2);
    assert_int_equal(tl_exit_code(&(tl_error){.fault = TL_RECORD}), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_and_labels_stay_as_they_are),
        cmocka_unit_test(a_new_fault_is_pinned_too),
        cmocka_unit_test(only_faults_of_links_end_links),
        cmocka_unit_test(what_is_not_a_fault_is_unknown_and_final),
        cmocka_unit_test(each_level_says_what_it_knows),
        cmocka_unit_test(long_sentences_are_cut_and_not_overrun),
        cmocka_unit_test(usage_exits_with_2_and_all_else_with_4),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
