/* fetch_fault: what we know ourselves comes before what libcurl says. */
#include <curl/curl.h>

#include "tests/support/unit.h"
#include "worker/fetch_fault.h"

static const struct {
    const char *what;
    fetch_end end;
    tl_fault fault;
} rows[] = {
    {"a picture", {.status = 200, .body_size = 9}, TL_OK},
    {"200 without a body", {.status = 200}, TL_EMPTY_BODY},
    {"204", {.status = 204}, TL_HTTP_2XX},
    {"206 that nobody asked for", {.status = 206, .body_size = 9}, TL_HTTP_2XX},
    {"302 without Location", {.status = 302}, TL_HTTP_3XX},
    {"304 that nobody asked for", {.status = 304}, TL_HTTP_3XX},
    {"401", {.status = 401}, TL_HTTP_4XX},
    {"404", {.status = 404, .body_size = 9}, TL_HTTP_4XX},
    {"408", {.status = 408}, TL_HTTP_408},
    {"425", {.status = 425}, TL_HTTP_408},
    {"429", {.status = 429}, TL_RATE_LIMITED},
    {"451", {.status = 451}, TL_HTTP_4XX},
    {"500", {.status = 500}, TL_HTTP_5XX},
    {"599", {.status = 599}, TL_HTTP_5XX},
    {"600", {.status = 600}, TL_HTTP_PROTOCOL},
    {"no status at all", {.status = 0}, TL_HTTP_PROTOCOL},
    {"a long 404 page",
     {.code = CURLE_WRITE_ERROR, .status = 404, .stop = FETCH_ENOUGH_READ},
     TL_HTTP_4XX},
    {"a 404 page of 1 TB", {.code = CURLE_FILESIZE_EXCEEDED, .status = 404}, TL_HTTP_4XX},
    {"a picture of 1 TB", {.code = CURLE_FILESIZE_EXCEEDED, .status = 200}, TL_TOO_LARGE},
    {"an endless body",
     {.code = CURLE_WRITE_ERROR, .status = 200, .stop = FETCH_BODY_TOO_LARGE},
     TL_TOO_LARGE},
    {"endless headers",
     {.code = CURLE_WRITE_ERROR, .status = 200, .stop = FETCH_HEADERS_TOO_LARGE},
     TL_HTTP_PROTOCOL},
    {"our memory is out",
     {.code = CURLE_WRITE_ERROR, .status = 200, .stop = FETCH_NO_MEMORY},
     TL_CONN_RESET},
    {"a header line of 1 MiB is not our memory",
     {.code = CURLE_OUT_OF_MEMORY, .status = 200},
     TL_HTTP_PROTOCOL},
    {"server down", {.code = CURLE_COULDNT_CONNECT}, TL_CONNECT_FAILED},
    {"the guard said no",
     {.code = CURLE_COULDNT_CONNECT, .blocked = true},
     TL_ADDRESS_BLOCKED},
    {"one address refused, the next one answered",
     {.status = 200, .body_size = 9, .blocked = true},
     TL_OK},
    {"no such host", {.code = CURLE_COULDNT_RESOLVE_HOST}, TL_DNS_FAILED},
    {"a name server that is silent", {.code = CURLE_OPERATION_TIMEDOUT}, TL_DNS_FAILED},
    {"a host that is silent",
     {.code = CURLE_OPERATION_TIMEDOUT, .resolved = true},
     TL_CONNECT_TIMEOUT},
    {"a server that is silent",
     {.code = CURLE_OPERATION_TIMEDOUT, .resolved = true, .connected = true},
     TL_TIMEOUT},
    {"closed without an answer", {.code = CURLE_GOT_NOTHING}, TL_EMPTY_REPLY},
    {"cut off", {.code = CURLE_PARTIAL_FILE, .status = 200}, TL_PARTIAL_BODY},
    {"reset",
     {.code = CURLE_RECV_ERROR, .problem = "Recv failure: reset"},
     TL_CONN_RESET},
    {"a chunk that is none",
     {.code = CURLE_RECV_ERROR,
      .status = 200,
      .problem = "Illegal or missing hexadecimal sequence in "
                 "chunked-encoding"},
     TL_HTTP_PROTOCOL},
    {"an endless trailer",
     {.code = CURLE_RECV_ERROR,
      .status = 200,
      .problem = "Out of memory in chunked-encoding"},
     TL_HTTP_PROTOCOL},
    {"six redirects",
     {.code = CURLE_TOO_MANY_REDIRECTS, .status = 302},
     TL_TOO_MANY_REDIRECTS},
    {"redirect to file:",
     {.code = CURLE_UNSUPPORTED_PROTOCOL, .status = 302, .redirected = true},
     TL_REDIRECT_BLOCKED},
    {"redirect to javascript:",
     {.code = CURLE_URL_MALFORMAT, .status = 302, .redirected = true},
     TL_REDIRECT_BLOCKED},
    {"HTTP/0.9 and garbage", {.code = CURLE_UNSUPPORTED_PROTOCOL}, TL_HTTP_PROTOCOL},
    {"a host that is none", {.code = CURLE_URL_MALFORMAT}, TL_URL_INVALID},
    {"two lengths", {.code = CURLE_WEIRD_SERVER_REPLY, .status = 200}, TL_HTTP_PROTOCOL},
    {"a stranger's certificate", {.code = CURLE_PEER_FAILED_VERIFICATION}, TL_TLS_FAILED},
    {"no TLS on 443",
     {.code = CURLE_SSL_CONNECT_ERROR, .problem = "wrong version"},
     TL_TLS_FAILED},
    {"reset while shaking hands",
     {.code = CURLE_SSL_CONNECT_ERROR, .problem = "Connection reset by peer"},
     TL_CONN_RESET},
    {"a stream that was shed", {.code = CURLE_HTTP2_STREAM}, TL_CONN_RESET},
    {"an encoding that we never asked for",
     {.code = CURLE_BAD_CONTENT_ENCODING},
     TL_HTTP_PROTOCOL},
};

static void
every_end_has_its_fault(void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fetch_end end = rows[i].end;

        if (!end.problem)
            end.problem = "";
        tl_fault fault = fetch_fault(&end);
        if (fault != rows[i].fault)
            fail_msg("%s: %s, not %s", rows[i].what, tl_fault_label(fault),
                     tl_fault_label(rows[i].fault));
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_has_its_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
