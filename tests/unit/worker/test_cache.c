/* cache: the last reports, within two bounds. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/limits.h"
#include "proto/scope.h"
#include "tests/support/unit.h"
#include "worker/cache.h"

static bool
has(const cache *self, uint64_t id, uint8_t byte, size_t wanted)
{
    size_t size = 0;
    const uint8_t *frame = cache_get(self, id, &size);

    return frame && size == wanted && frame[0] == byte && frame[size - 1] == byte;
}

static void
put(cache *self, uint64_t id, uint8_t byte, size_t size)
{
    static uint8_t frame[TL_FRAME_BYTES];

    memset(frame, byte, size);
    cache_put(self, id, frame, size);
}

static void
the_last_ones_are_remembered_and_the_oldest_forgotten(void **state)
{
    TL_SCOPED(cache_destroy) cache *self = cache_new();
    size_t size = 0;

    (void) state;
    for (uint64_t id = 1; id <= (uint64_t) 3 * TL_CACHE_REPORTS; id++)
        put(self, id, (uint8_t) id, 300);
    assert_null(cache_get(self, 1, &size));
    assert_null(cache_get(self, (uint64_t) 2 * TL_CACHE_REPORTS - 1, &size));
    for (uint64_t id = (uint64_t) 2 * TL_CACHE_REPORTS + 1;
         id <= (uint64_t) 3 * TL_CACHE_REPORTS; id++)
        assert_true(has(self, id, (uint8_t) id, 300));
}

static void
long_ones_push_out_more_than_one(void **state)
{
    TL_SCOPED(cache_destroy) cache *self = cache_new();
    size_t size = 0;
    size_t kept = 0;

    (void) state;
    for (uint64_t id = 1; id <= 1000; id++)
        put(self, id, (uint8_t) id, 60000);
    for (uint64_t id = 1; id <= 1000; id++)
        kept += cache_get(self, id, &size) != NULL;
    assert_in_range(kept, 32, 80); /* 4 MiB of them */
    assert_true(has(self, 1000, (uint8_t) 1000, 60000));
    put(self, 1001, 7, 10);
    assert_true(has(self, 1001, 7, 10) && has(self, 1000, (uint8_t) 1000, 60000));
}

static void
a_later_report_of_a_link_takes_the_place_of_the_first(void **state)
{
    TL_SCOPED(cache_destroy) cache *self = cache_new();

    (void) state;
    put(self, 5, 1, 100);
    put(self, 6, 2, 100);
    put(self, 5, 3, 200);
    assert_true(has(self, 5, 3, 200) && has(self, 6, 2, 100));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_ones_are_remembered_and_the_oldest_forgotten),
        cmocka_unit_test(long_ones_push_out_more_than_one),
        cmocka_unit_test(a_later_report_of_a_link_takes_the_place_of_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
