/* socket: who may listen where, one frame a message, and who has gone. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/limits.h"
#include "proto/scope.h"
#include "proto/socket.h"
#include "tests/support/unit.h"

enum { PATIENCE_MS = 20000 };

static void
endpoints_are_taken_apart(void **state)
{
    static const struct {
        const char *endpoint;
        const char *host; /* NULL: none */
        unsigned port;
        bool ipc, loopback;
    } cases[] = {
        {"tcp://127.0.0.1:5557", "127.0.0.1", 5557, false, true},
        {"tcp://127.9.9.9:1", "127.9.9.9", 1, false, true},
        {"tcp://localhost:5557", "localhost", 5557, false, true},
        {"tcp://[::1]:5557", "[::1]", 5557, false, true},
        {"ipc:///run/x", NULL, 0, true, true},
        {"tcp://head:5557", "head", 5557, false, false},
        {"tcp://10.0.0.1:5557", "10.0.0.1", 5557, false, false},
        {"tcp://*:5557", "*", 5557, false, false},
        {"tcp://0.0.0.0:5557", "0.0.0.0", 5557, false, false},
        {"tcp://[2001:db8::1]:80", "[2001:db8::1]", 80, false, false},
        {"tcp://localhost.example.org:1", "localhost.example.org", 1, false, false},
        {"tcp://127.0.0.1.example.org:1", "127.0.0.1.example.org", 1, false, false},
        {"tcp://127.0.0.1:*", "127.0.0.1", 0, false, true},
        {"tcp://127.0.0.1:99999", "127.0.0.1", 0, false, true},
        {"tcp://127.0.0.1:80x", "127.0.0.1", 0, false, true},
        {"ipc://", NULL, 0, false, false},
        {"", NULL, 0, false, false},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char host[TL_ENDPOINT_BYTES];

        print_message("  %s\n", cases[i].endpoint);
        bool found = tl_endpoint_host(cases[i].endpoint, host, sizeof host);
        assert_int_equal(found, cases[i].host != NULL);
        if (found)
            assert_string_equal(host, cases[i].host);
        assert_int_equal(tl_endpoint_port(cases[i].endpoint), cases[i].port);
        assert_int_equal(tl_endpoint_is_ipc(cases[i].endpoint), cases[i].ipc);
        assert_int_equal(tl_endpoint_is_loopback(cases[i].endpoint), cases[i].loopback);
    }
}

static void
beyond_this_machine_nothing_is_opened_unless_that_is_said(void **state)
{
    static const struct {
        const char *endpoint;
        tl_fault closed, open; /* without and with --insecure */
    } cases[] = {
        {"tcp://127.0.0.1:5557", TL_OK, TL_OK},
        {"tcp://[::1]:5557", TL_OK, TL_OK},
        {"ipc:///run/x", TL_OK, TL_OK},
        {"tcp://10.0.0.1:5557", TL_REFUSED, TL_OK},
        {"tcp://*:5557", TL_REFUSED, TL_OK},
        {"tcp://0.0.0.0:5557", TL_REFUSED, TL_OK},
        {"tcp://[::]:5557", TL_REFUSED, TL_OK},
        {"tcp://head:5557", TL_REFUSED, TL_OK},
        {"tcp://127.0.0.1.example.org:1", TL_REFUSED, TL_OK},
        {"", TL_USAGE, TL_USAGE},
        {"head:5557", TL_USAGE, TL_USAGE},
        {"tcp://head", TL_USAGE, TL_USAGE},
        {"tcp://head:", TL_USAGE, TL_USAGE},
        {"tcp://:5557", TL_USAGE, TL_USAGE},
        {"tcp://[::1:5557", TL_USAGE, TL_USAGE},
        {"ipc://", TL_USAGE, TL_USAGE},
        {"inproc://x", TL_USAGE, TL_USAGE},
        {"udp://127.0.0.1:1", TL_USAGE, TL_USAGE},
        {"http://127.0.0.1:1", TL_USAGE, TL_USAGE},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bound[TL_ENDPOINT_BYTES];
        tl_error err = {0};

        print_message("  %s\n", cases[i].endpoint);
        assert_int_equal(tl_endpoint_check(cases[i].endpoint, false, &err),
                         cases[i].closed);
        assert_int_equal(tl_endpoint_check(cases[i].endpoint, true, &err), cases[i].open);
        if (cases[i].closed == TL_OK)
            continue;
        assert_null(tl_socket_bind(TL_RUN_ROUTER, cases[i].endpoint, false, bound, &err));
        assert_int_equal(err.fault, cases[i].closed);
        assert_null(tl_socket_connect(TL_RUN_DEALER, cases[i].endpoint, false, &err));
        assert_int_equal(err.fault, cases[i].closed);
    }
    char longest[400] = "ipc://";
    tl_error err = {0};
    memset(longest + 6, 'x', sizeof longest - 7);
    assert_int_equal(tl_endpoint_check(longest, true, &err), TL_USAGE);
}

static zsock_t *
listen_on(tl_socket_kind kind, char bound[TL_ENDPOINT_BYTES])
{
    tl_error err = {0};
    zsock_t *socket = tl_socket_bind(kind, "tcp://127.0.0.1:*", false, bound, &err);

    assert_non_null(socket);
    assert_int_not_equal(tl_endpoint_port(bound), 0);
    return socket;
}

static zsock_t *
dial(tl_socket_kind kind, const char *bound)
{
    tl_error err = {0};
    zsock_t *socket = tl_socket_connect(kind, bound, false, &err);

    assert_non_null(socket);
    return socket;
}

static void
await(zsock_t *socket, short events)
{
    zmq_pollitem_t item = {.socket = zsock_resolve(socket), .events = events};

    assert_int_equal(zmq_poll(&item, 1, PATIENCE_MS), 1);
}

static void
a_port_that_is_taken_is_named(void **state)
{
    char bound[TL_ENDPOINT_BYTES];
    char unused[TL_ENDPOINT_BYTES];
    TL_SCOPED(zsock_destroy) zsock_t *first = listen_on(TL_RUN_ROUTER, bound);
    tl_error err = {0};

    (void) state;
    assert_null(tl_socket_bind(TL_RUN_ROUTER, bound, false, unused, &err));
    assert_int_equal(err.fault, TL_CANNOT_START);
    assert_non_null(strstr(err.text, bound));
    assert_non_null(strstr(err.text, "taken"));
}

static void
lanes_take_the_next_free_port_of_their_range(void **state)
{
    char first[TL_ENDPOINT_BYTES], second[TL_ENDPOINT_BYTES];
    char range[64];
    tl_error err = {0};

    (void) state;
    TL_SCOPED(zsock_destroy) zsock_t *one = listen_on(TL_LANE_PUSH, first);
    unsigned port = tl_endpoint_port(first);
    (void) snprintf(range, sizeof range, "tcp://127.0.0.1:*[%u-%u]", port, port + 50);
    TL_SCOPED(zsock_destroy)
    zsock_t *two = tl_socket_bind(TL_LANE_PUSH, range, false, second, &err);
    assert_non_null(two);
    assert_in_range(tl_endpoint_port(second), port + 1, port + 50);
}

static void
a_message_is_one_frame(void **state)
{
    char bound[TL_ENDPOINT_BYTES];
    TL_SCOPED(zsock_destroy) zsock_t *pull = listen_on(TL_REPORT_PULL, bound);
    TL_SCOPED(zsock_destroy) zsock_t *push = dial(TL_REPORT_PUSH, bound);
    uint64_t refused = 0;

    (void) state;
    assert_null(tl_receive(pull, &refused));
    await(push, ZMQ_POLLOUT);
    for (int i = 0; i < 3; i++) { /* three parts, before, between and behind */
        void *handle = zsock_resolve(push);

        assert_int_equal(zmq_send(handle, "x", 1, ZMQ_SNDMORE), 1);
        assert_int_equal(zmq_send(handle, "y", 1, ZMQ_SNDMORE), 1);
        assert_int_equal(zmq_send(handle, "z", 1, 0), 1);
        if (i < 2)
            assert_true(tl_send(push, &"ab"[i], 1));
    }
    for (int got = 0; got < 2;) {
        await(pull, ZMQ_POLLIN);
        zframe_t *frame = tl_receive(pull, &refused);

        if (!frame)
            continue;
        assert_int_equal(zframe_size(frame), 1);
        assert_int_equal(*zframe_data(frame), "ab"[got++]);
        zframe_destroy(&frame);
    }
    while (refused < 3) {
        await(pull, ZMQ_POLLIN);
        assert_null(tl_receive(pull, &refused));
    }
    assert_int_equal(refused, 3);
}

static void
a_router_answers_whom_it_heard(void **state)
{
    char bound[TL_ENDPOINT_BYTES];
    TL_SCOPED(zsock_destroy) zsock_t *router = listen_on(TL_CONTROL_ROUTER, bound);
    TL_SCOPED(zsock_destroy) zsock_t *one = dial(TL_CONTROL_DEALER, bound);
    TL_SCOPED(zsock_destroy) zsock_t *two = dial(TL_CONTROL_DEALER, bound);
    TL_SCOPED(zframe_destroy) zframe_t *peer = NULL;
    uint64_t refused = 0;

    (void) state;
    await(two, ZMQ_POLLOUT);
    await(one, ZMQ_POLLOUT);
    void *handle = zsock_resolve(two);
    assert_int_equal(zmq_send(handle, "x", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(handle, "y", 1, 0), 1);
    assert_true(tl_send(two, "hello", 5));
    zframe_t *frame = NULL;
    while (!frame) {
        await(router, ZMQ_POLLIN);
        frame = tl_router_receive(router, &peer, &refused);
    }
    assert_true(zframe_streq(frame, "hello"));
    zframe_destroy(&frame);
    assert_int_equal(refused, 1);
    assert_true(tl_router_send(router, peer, "you", 3));
    await(two, ZMQ_POLLIN);
    frame = tl_receive(two, &refused);
    assert_true(zframe_streq(frame, "you"));
    zframe_destroy(&frame);
    assert_null(tl_receive(one, &refused));
}

static void
nothing_waits_for_a_peer_that_is_not_there(void **state)
{
    TL_SCOPED(zsock_destroy)
    zsock_t *control = dial(TL_CONTROL_DEALER, "tcp://127.0.0.1:9");
    TL_SCOPED(zsock_destroy) zsock_t *run = dial(TL_RUN_DEALER, "tcp://127.0.0.1:9");
    char bound[TL_ENDPOINT_BYTES];
    TL_SCOPED(zsock_destroy) zsock_t *lane = listen_on(TL_LANE_PUSH, bound);

    (void) state;
    assert_false(tl_send(control, "x", 1)); /* it would be stale when the peer comes */
    assert_false(tl_send(run, "x", 1));
    assert_false(tl_send(lane, "x", 1));
}

static tl_peer_event
next_event(zsock_t *monitor)
{
    tl_peer_event event = tl_monitor_next(monitor);

    while (event == TL_PEER_NOTHING) {
        await(monitor, ZMQ_POLLIN);
        event = tl_monitor_next(monitor);
    }
    return event;
}

static void
a_monitor_tells_who_came_and_went(void **state)
{
    char bound[TL_ENDPOINT_BYTES];
    tl_error err = {0};
    zsock_t *push = listen_on(TL_LANE_PUSH, bound);
    zsock_t *watch = tl_monitor(push, &err);
    zsock_t *other = NULL;

    (void) state;
    assert_non_null(watch);
    assert_int_equal(tl_monitor_next(watch), TL_PEER_NOTHING);
    zsock_t *pull = tl_socket_connect_watched(TL_LANE_PULL, bound, false, &other, &err);
    assert_non_null(pull);
    assert_int_equal(next_event(watch), TL_PEER_READY);
    assert_int_equal(next_event(other), TL_PEER_READY);
    tl_monitor_destroy(&watch, push);
    zsock_destroy(&push);
    assert_int_equal(next_event(other), TL_PEER_GONE);
    tl_monitor_destroy(&other, pull);
    zsock_destroy(&pull);
}

static void
a_frame_that_is_too_large_ends_the_connection_and_nothing_else(void **state)
{
    char bound[TL_ENDPOINT_BYTES];
    TL_SCOPED(zsock_destroy) zsock_t *pull = listen_on(TL_REPORT_PULL, bound);
    TL_SCOPED(zsock_destroy) zsock_t *stranger = zsock_new_push(NULL);
    TL_SCOPED(zsock_destroy) zsock_t *push = dial(TL_REPORT_PUSH, bound);
    char *bytes = calloc(1, TL_FRAME_BYTES + 1);
    uint64_t refused = 0;

    (void) state;
    assert_int_equal(zsock_connect(stranger, "%s", bound), 0);
    await(stranger, ZMQ_POLLOUT);
    assert_true(tl_send(stranger, bytes, TL_FRAME_BYTES + 1));
    await(push, ZMQ_POLLOUT);
    assert_true(tl_send(push, bytes, TL_FRAME_BYTES));
    await(pull, ZMQ_POLLIN);
    TL_SCOPED(zframe_destroy) zframe_t *frame = tl_receive(pull, &refused);
    assert_int_equal(zframe_size(frame), TL_FRAME_BYTES);
    free(bytes);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_are_taken_apart),
        cmocka_unit_test(beyond_this_machine_nothing_is_opened_unless_that_is_said),
        cmocka_unit_test(a_port_that_is_taken_is_named),
        cmocka_unit_test(lanes_take_the_next_free_port_of_their_range),
        cmocka_unit_test(a_message_is_one_frame),
        cmocka_unit_test(a_router_answers_whom_it_heard),
        cmocka_unit_test(nothing_waits_for_a_peer_that_is_not_there),
        cmocka_unit_test(a_monitor_tells_who_came_and_went),
        cmocka_unit_test(a_frame_that_is_too_large_ends_the_connection_and_nothing_else),
    };

    tl_sockets_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
