/* guard: nothing private is visited, however it is written, unless it is allowed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "worker/guard.h"

/* libcurl hands over what the resolver found, so a test does the same. */
static bool
permits(const guard *gate, const char *text, uint16_t port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_storage either = {0};

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        memcpy(&either, &v4, sizeof v4);
    else if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        memcpy(&either, &v6, sizeof v6);
    else
        fail_msg("%s is no address", text);
    return guard_permits(gate, (const struct sockaddr *) &either);
}

static void
special_addresses_are_refused(void **state)
{
    static const char *const refused[] = {
        /* the first and the last of each IPv4 network */
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.0",
        "192.0.2.255",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.9",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        /* IPv6 beyond global unicast, and what is set aside within */
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fdff::1",
        "ff02::1",
        "100::1",
        "1fff::1",
        "4000::1",
        "2001:db8::1",
        "2001::1",
        "2001:1ff::1",
        "64:ff9b:1::1",
        "5f00::1",
        /* IPv4 inside IPv6: mapped, compatible, NAT64, 6to4, ISATAP, Teredo */
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "::192.168.1.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
        "2002:c0a8:101::1",
        "2002:a9fe:a9fe::",
        "2a00::5efe:10.0.0.1",
        "2a00::200:5efe:127.0.0.1",
        "2001:0:7f00:1::1",
    };
    TL_SCOPED(guard_destroy) guard *gate = guard_new();

    (void) state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (permits(gate, refused[i], 80))
            fail_msg("%s is permitted", refused[i]);
}

static void
public_addresses_are_permitted(void **state)
{
    static const char *const permitted[] = {
        "1.1.1.1",          "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",      "126.255.255.255", "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",      "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
        "192.0.3.0",        "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",       "223.255.255.255", "2606:4700::1111", "2a00:1450::1",
        "2001:200::1",      "2001:db7::1",     "3fff:ffff::1",    "::ffff:1.1.1.1",
        "64:ff9b::101:101", "2002:101:101::1",
    };
    TL_SCOPED(guard_destroy) guard *gate = guard_new();

    (void) state;
    for (size_t i = 0; i < sizeof permitted / sizeof permitted[0]; i++)
        if (!permits(gate, permitted[i], 443))
            fail_msg("%s is refused", permitted[i]);
}

static void
ports_of_other_services_are_refused(void **state)
{
    static const uint16_t refused[] = {1, 22, 25, 53, 110, 143, 587, 6000, 6667, 10080};
    static const uint16_t permitted[] = {80, 443, 8080, 8443, 3000, 65535};
    TL_SCOPED(guard_destroy) guard *gate = guard_new();

    (void) state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(permits(gate, "1.1.1.1", refused[i]));
        assert_false(permits(gate, "2606:4700::1111", refused[i]));
    }
    for (size_t i = 0; i < sizeof permitted / sizeof permitted[0]; i++)
        assert_true(permits(gate, "1.1.1.1", permitted[i]));
}

static void
an_allowed_network_is_open_and_its_neighbours_are_not(void **state)
{
    static const struct {
        const char *allow;
        const char *inside;
        const char *outside;
    } rows[] = {
        {"127.0.0.0/8", "127.200.1.1", "10.0.0.1"},
        {"10.1.2.3", "10.1.2.3", "10.1.2.4"},
        {"10.1.2.0/23", "10.1.3.255", "10.1.4.0"},
        {"192.168.0.0/16", "::ffff:192.168.3.4", "::ffff:172.16.3.4"},
        {"::1", "::1", "::2"},
        {"fd00::/8", "fd12::9", "fc12::9"},
        {"fe80::/10", "febf::1", "fec0::1"},
        {"0.0.0.0/0", "127.0.0.1", "::1"},
    };

    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TL_SCOPED(guard_destroy) guard *gate = guard_new();
        tl_error err = {.fault = TL_OK};

        assert_int_equal(guard_allow(gate, rows[i].allow, &err), TL_OK);
        assert_true(permits(gate, rows[i].inside, 6667));
        assert_false(permits(gate, rows[i].outside, 80));
    }
}

static void
what_is_no_network_is_named(void **state)
{
    static const char *const wrong[] = {
        "",
        "10.0.0.0/33",
        "::/129",
        "10.0.0/8",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/8x",
        "example.com",
        "10.0.0.0/ 8",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999/64",
    };
    TL_SCOPED(guard_destroy) guard *gate = guard_new();

    (void) state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tl_error err = {.fault = TL_OK};

        assert_int_equal(guard_allow(gate, wrong[i], &err), TL_USAGE);
        assert_non_null(strstr(err.text, "--allow-net"));
    }
}

static void
other_kinds_of_sockets_are_refused(void **state)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "/run/docker.sock"};
    struct sockaddr_storage either = {0};
    TL_SCOPED(guard_destroy) guard *gate = guard_new();
    tl_error err = {.fault = TL_OK};

    (void) state;
    memcpy(&either, &path, sizeof path);
    assert_int_equal(guard_allow(gate, "0.0.0.0/0", &err), TL_OK);
    assert_false(guard_permits(gate, (const struct sockaddr *) &either));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_addresses_are_refused),
        cmocka_unit_test(public_addresses_are_permitted),
        cmocka_unit_test(ports_of_other_services_are_refused),
        cmocka_unit_test(an_allowed_network_is_open_and_its_neighbours_are_not),
        cmocka_unit_test(what_is_no_network_is_named),
        cmocka_unit_test(other_kinds_of_sockets_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
