/* delays: whatever goes in comes out in order of time, and not before it. */
#include "proto/scope.h"
#include "tests/support/unit.h"
#include "ventilator/delays.h"

static void
nothing_is_due_when_there_is_nothing(void **state)
{
    TL_SCOPED(delays_destroy) delays *waiting = delays_new();
    uint64_t id = 0;
    int64_t due = 0;

    (void) state;
    assert_int_equal(delays_first(waiting), -1);
    assert_false(delays_take(waiting, INT64_MAX, &id, &due));
}

static void
thousands_come_out_in_order(void **state)
{
    enum { MANY = 5000 };
    TL_SCOPED(delays_destroy) delays *waiting = delays_new();
    uint64_t random = 88172645463325252U;
    uint64_t id = 0;
    uint64_t sum = 0;
    int64_t due = 0;
    int64_t before = 0;

    (void) state;
    for (uint64_t i = 1; i <= MANY; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        assert_true(delays_add(waiting, i, (int64_t) (random % 1000)));
        sum += i;
    }
    for (int i = 0; i < MANY; i++) {
        int64_t first = delays_first(waiting);

        assert_false(delays_take(waiting, first - 1, &id, &due));
        assert_true(delays_take(waiting, first, &id, &due));
        assert_int_equal(due, first);
        assert_true(due >= before);
        before = due;
        sum -= id;
    }
    assert_int_equal(sum, 0);
    assert_int_equal(delays_first(waiting), -1);
}

static void
one_id_may_wait_for_several_moments(void **state)
{
    TL_SCOPED(delays_destroy) delays *waiting = delays_new();
    uint64_t id = 0;
    int64_t due = 0;

    (void) state;
    assert_true(delays_add(waiting, 7, 20));
    assert_true(delays_add(waiting, 7, 10));
    assert_true(delays_take(waiting, 15, &id, &due));
    assert_int_equal(due, 10);
    assert_false(delays_take(waiting, 15, &id, &due));
    assert_true(delays_take(waiting, 20, &id, &due));
    assert_int_equal(id, 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_when_there_is_nothing),
        cmocka_unit_test(thousands_come_out_in_order),
        cmocka_unit_test(one_id_may_wait_for_several_moments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
