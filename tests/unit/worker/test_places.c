/* places: ranges of ports, and grants that leave out what we know. */
#include <string.h>

#include "tests/support/unit.h"
#include "worker/places.h"

static void
a_range_is_all_its_ports(void **state)
{
    static const struct {
        const char *word;
        size_t count;
        const char *last;
    } rows[] = {
        {"tcp://head:5557", 1, "tcp://head:5557"},
        {"tcp://head:5550-5557", 8, "tcp://head:5557"},
        {"tcp://[::1]:1-2", 2, "tcp://[::1]:2"},
        {"tcp://head:7-7", 1, "tcp://head:7"},
        {"ipc:///run/a:1-2", 1, "ipc:///run/a:1-2"},
        {"tcp://head:9-8", 0, ""},
        {"tcp://head:0-8", 0, ""},
        {"tcp://head:1-65536", 0, ""},
        {"tcp://head:1-65535", 0, ""}, /* too many to dial */
    };

    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tl_error err = {.fault = TL_OK};
        char out[TL_ENDPOINT_BYTES];

        assert_int_equal(places_count(rows[i].word, &err), rows[i].count);
        assert_int_equal(err.fault, rows[i].count ? TL_OK : TL_USAGE);
        if (rows[i].count == 0)
            continue;
        places_at(rows[i].word, rows[i].count - 1, out);
        assert_string_equal(out, rows[i].last);
    }
}

static void
a_grant_is_completed_from_what_was_dialled(void **state)
{
    static const struct {
        const char *path;
        const char *host;
        uint64_t port;
        const char *dialled;
        const char *endpoint;
    } rows[] = {
        {"", "", 5600, "tcp://head:5557", "tcp://head:5600"},
        {"", "", 5600, "tcp://[::1]:5557", "tcp://[::1]:5600"},
        {"", "sink.lan", 5558, "tcp://head:5557", "tcp://sink.lan:5558"},
        {"", "", 5558, "ipc:///run/control", "tcp://127.0.0.1:5558"},
        {"/run/lane-1", "", 0, "ipc:///run/control", "ipc:///run/lane-1"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TL_ENDPOINT_BYTES];

        places_granted(tl_view(rows[i].path), tl_view(rows[i].host), rows[i].port,
                       rows[i].dialled, out);
        assert_string_equal(out, rows[i].endpoint);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_is_all_its_ports),
        cmocka_unit_test(a_grant_is_completed_from_what_was_dialled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
