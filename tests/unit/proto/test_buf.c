/* buf: grows to its ceiling and not a byte further. */
#include <string.h>

#include "proto/buf.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

static void
what_is_added_is_there(void **state)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *buf = tl_buf_new(1000);
    tl_error err = {.fault = TL_OK};

    (void) state;
    for (int i = 0; i < 100; i++)
        assert_int_equal(tl_buf_add(buf, "0123456789", 10, &err), TL_OK);
    assert_int_equal(tl_buf_size(buf), 1000);
    assert_memory_equal(tl_buf_bytes(buf) + 990, "0123456789", 10);
}

static void
the_ceiling_holds_and_nothing_changes_there(void **state)
{
    static const size_t too_much[] = {4, 1000, SIZE_MAX, SIZE_MAX - 6};
    TL_SCOPED(tl_buf_destroy) tl_buf *buf = tl_buf_new(10);
    tl_error err = {.fault = TL_OK};

    (void) state;
    assert_int_equal(tl_buf_add(buf, "1234567", 7, &err), TL_OK);
    for (size_t i = 0; i < sizeof too_much / sizeof too_much[0]; i++) {
        assert_int_equal(tl_buf_add(buf, "", too_much[i], &err), TL_TOO_LARGE);
        assert_int_equal(tl_buf_size(buf), 7);
    }
    assert_int_equal(tl_buf_add(buf, "890", 3, &err), TL_OK);
    assert_memory_equal(tl_buf_bytes(buf), "1234567890", 10);
    assert_true(tl_buf_room(buf) <= 10 || tl_buf_room(buf) == 256);
}

static void
cleared_it_keeps_its_memory(void **state)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *buf = tl_buf_new(4096);
    tl_error err = {.fault = TL_OK};
    char bytes[1000] = {0};

    (void) state;
    assert_int_equal(tl_buf_add(buf, bytes, sizeof bytes, &err), TL_OK);
    size_t room = tl_buf_room(buf);
    tl_buf_clear(buf);
    assert_int_equal(tl_buf_size(buf), 0);
    assert_int_equal(tl_buf_room(buf), room);
}

static void
nothing_can_be_added_from_nowhere(void **state)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *buf = tl_buf_new(10);
    tl_error err = {.fault = TL_OK};

    (void) state;
    assert_int_equal(tl_buf_add(buf, NULL, 0, &err), TL_OK);
    assert_int_equal(tl_buf_size(buf), 0);
}

static void
destroying_twice_is_once(void **state)
{
    tl_buf *buf = tl_buf_new(10);

    (void) state;
    tl_buf_destroy(&buf);
    assert_null(buf);
    tl_buf_destroy(&buf);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_there),
        cmocka_unit_test(the_ceiling_holds_and_nothing_changes_there),
        cmocka_unit_test(cleared_it_keeps_its_memory),
        cmocka_unit_test(nothing_can_be_added_from_nowhere),
        cmocka_unit_test(destroying_twice_is_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
