/* idmap: compared with a plain array, step by step. */
#include <stdlib.h>

#include "proto/idmap.h"
#include "proto/scope.h"
#include "tests/support/unit.h"

enum { IDS = 4000, STEPS = 300000 };

static uint64_t
draw(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return *random;
}

/* Numbers as they come in life, and numbers made to collide. */
static uint64_t
consecutive(uint64_t n)
{
    return n + 1;
}

static uint64_t
far_apart(uint64_t n)
{
    return n << 40 | 1;
}

static uint64_t
scattered(uint64_t n)
{
    return (n + 1) * UINT64_C(0xbf58476d1ce4e5b9);
}

static void
compare(uint64_t (*id_of)(uint64_t), uint64_t seed)
{
    TL_SCOPED(tl_idmap_destroy) tl_idmap *map = tl_idmap_new();
    void **model = calloc(IDS, sizeof *model);
    static int something[IDS];
    size_t size = 0;
    uint64_t random = seed;

    for (int step = 0; step < STEPS; step++) {
        uint64_t n = draw(&random) % IDS;

        assert_ptr_equal(tl_idmap_get(map, id_of(n)), model[n]);
        /* It grows, shrinks and grows again. */
        bool put = draw(&random) % 10 < (step / 50000 % 2 ? 3U : 7U);
        if (put && !model[n]) {
            model[n] = &something[n];
            assert_true(tl_idmap_put(map, id_of(n), model[n]));
            size++;
        } else if (!put) {
            size -= model[n] != NULL;
            model[n] = NULL;
            tl_idmap_drop(map, id_of(n));
        }
        assert_int_equal(tl_idmap_size(map), size);
    }
    for (uint64_t n = 0; n < IDS; n++)
        assert_ptr_equal(tl_idmap_get(map, id_of(n)), model[n]);
    size_t at = 0;
    size_t walked = 0;
    for (int *each = tl_idmap_next(map, &at); each; each = tl_idmap_next(map, &at)) {
        assert_ptr_equal(model[each - something], each);
        model[each - something] = NULL; /* never met again */
        walked++;
    }
    assert_int_equal(walked, size);
    free(model);
}

static void
it_does_what_an_array_would(void **state)
{
    (void) state;
    compare(consecutive, 1);
    compare(far_apart, 2);
    compare(scattered, 3);
}

static void
an_empty_one_has_nothing(void **state)
{
    TL_SCOPED(tl_idmap_destroy) tl_idmap *map = tl_idmap_new();
    size_t at = 0;

    (void) state;
    assert_null(tl_idmap_get(map, 0));
    assert_null(tl_idmap_get(map, UINT64_MAX));
    tl_idmap_drop(map, 1);
    assert_null(tl_idmap_next(map, &at));
    assert_int_equal(tl_idmap_size(map), 0);
}

static void
any_number_is_an_id(void **state)
{
    static const uint64_t ids[] = {0, 1, UINT64_MAX, UINT64_C(1) << 63, 1 << 16};
    TL_SCOPED(tl_idmap_destroy) tl_idmap *map = tl_idmap_new();
    int values[5];

    (void) state;
    for (size_t i = 0; i < 5; i++)
        assert_true(tl_idmap_put(map, ids[i], &values[i]));
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(tl_idmap_get(map, ids[i]), &values[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_what_an_array_would),
        cmocka_unit_test(an_empty_one_has_nothing),
        cmocka_unit_test(any_number_is_an_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
