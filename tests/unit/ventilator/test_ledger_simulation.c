/* ledger: driven by a small world that goes wrong in every way it can. Workers die, stall,
 * lose lanes, hand links back and fail; messages get lost or come late; the ventilator
 * itself starts anew. Whatever happens, each link ends once, nobody gets more than he
 * asked for, and there is an end. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/ventilator/ledger_world.h"

enum { SEEDS = 40 };

static void
ends_well(uint64_t seed, const world_trouble *trouble)
{
    TL_SCOPED(world_destroy) world *w = world_new(seed, trouble);

    while (!world_is_over(w)) {
        world_step(w);
        if (world_now(w) > WORLD_MOST_MS)
            fail_msg("seed %d: no end", (int) seed);
    }
    world_check(w);
}

static void
nothing_goes_wrong(void **state)
{
    const world_trouble none = {0};

    (void) state;
    ends_well(1, &none);
}

static void
anything_goes_wrong(void **state)
{
    (void) state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        const world_trouble all = {
            .crashes = 4,
            .stalls = 2,
            .broken_lanes = 4,
            .drains = 2,
            .restarts = seed % 2,
            .lost_messages = 20,
            .failures = 100,
            .poison = seed % 3,
        };

        ends_well(seed, &all);
    }
}

static void
one_thing_at_a_time_goes_wrong_often(void **state)
{
    static const world_trouble cases[] = {
        {.crashes = 40},       {.stalls = 20},   {.broken_lanes = 40}, {.drains = 20},
        {.lost_messages = 200}, {.failures = 500}, {.poison = 5},        {.restarts = 10},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (uint64_t seed = 100; seed < 110; seed++)
            ends_well(seed, &cases[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_wrong),
        cmocka_unit_test(anything_goes_wrong),
        cmocka_unit_test(one_thing_at_a_time_goes_wrong_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
