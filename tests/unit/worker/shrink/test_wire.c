/* wire: what a worker believes of a helper that may have been taken over. */
#include <string.h>

#include "tests/support/unit.h"
#include "worker/shrink/wire.h"

static const picture_size box = {128, 100};

static wire_answer
good(void)
{
    return (wire_answer){
        .mark = WIRE_MARK,
        .kind = PICTURE_JPEG,
        .thumb_kind = PICTURE_JPEG,
        .size = {4000, 3000},
        .thumb_size = {128, 96},
        .thumb_bytes = 3000,
    };
}

static wire_answer
fault(uint32_t number)
{
    return (wire_answer){.mark = WIRE_MARK, .fault = number, .detail = "why"};
}

static void
a_good_answer_is_believed(void **state)
{
    wire_answer answer = good();

    (void) state;
    assert_true(wire_answer_valid(&answer, box));
    answer = fault(TL_NOT_AN_IMAGE);
    assert_true(wire_answer_valid(&answer, box));
    answer = fault(TL_ENCODE_FAILED);
    assert_true(wire_answer_valid(&answer, box));
}

/* One field is changed in each row; the rest is good. */
static void
one_wrong_field_is_enough_to_disbelieve(void **state)
{
    wire_answer bad[] = {good(), good(), good(), good(), good(), good(), good(),
                         good(), good(), good(), good(), good(), good(), good()};

    (void) state;
    bad[0].mark++;
    bad[1].kind = PICTURE_NONE;
    bad[2].kind = PICTURE_KINDS;
    bad[3].thumb_kind = PICTURE_NONE;
    bad[4].thumb_kind = UINT32_MAX;
    bad[5].size.width = 0;
    bad[6].thumb_size.width = 129;
    bad[7].thumb_size.height = 101;
    bad[8].thumb_size.height = 0;
    bad[9].thumb_bytes = 0;
    bad[10].thumb_bytes = WIRE_THUMB_BYTES + 1ULL;
    bad[11].thumb_bytes = UINT64_MAX;
    memset(bad[12].detail, 'x', sizeof bad[12].detail);
    memcpy(bad[13].detail, "a\nforged line", 13);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (wire_answer_valid(&bad[i], box))
            fail_msg("row %zu", i);
}

static void
only_faults_of_pictures_are_believed(void **state)
{
    (void) state;
    for (uint32_t number = 1; number < 300; number++) {
        wire_answer answer = fault(number);

        assert_int_equal(wire_answer_valid(&answer, box),
                         number >= TL_NOT_AN_IMAGE && number <= TL_ENCODE_FAILED);
        answer.thumb_bytes = 1; /* nothing may follow a fault */
        assert_false(wire_answer_valid(&answer, box));
    }
}

static void
requests_lie_within_the_area(void **state)
{
    wire_request request = {.mark = WIRE_MARK, .box = box, .size = 1000};

    (void) state;
    assert_true(wire_request_valid(&request, 1000));
    assert_false(wire_request_valid(&request, 999));
    request.size = UINT64_MAX;
    assert_false(wire_request_valid(&request, 1000));
    request = (wire_request){.mark = WIRE_MARK, .box = {0, 1}};
    assert_false(wire_request_valid(&request, 1000));
}

static void
another_version_is_not_ready(void **state)
{
    wire_ready ready = {WIRE_MARK, WIRE_VERSION};

    (void) state;
    assert_true(wire_ready_valid(&ready));
    ready.version++;
    assert_false(wire_ready_valid(&ready));
    ready = (wire_ready){0, WIRE_VERSION};
    assert_false(wire_ready_valid(&ready));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_answer_is_believed),
        cmocka_unit_test(one_wrong_field_is_enough_to_disbelieve),
        cmocka_unit_test(only_faults_of_pictures_are_believed),
        cmocka_unit_test(requests_lie_within_the_area),
        cmocka_unit_test(another_version_is_not_ready),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
