#include "worker/fetch_fault.h"

#include <curl/curl.h>
#include <string.h>

/* Codes that mean one thing. What is not here is trouble with HTTP itself; libcurl's "out
 * of memory" too, which is what it calls a header line of a megabyte. */
static const struct {
    CURLcode code;
    tl_fault fault;
} codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, TL_DNS_FAILED},
    {CURLE_COULDNT_CONNECT, TL_CONNECT_FAILED},
    {CURLE_GOT_NOTHING, TL_EMPTY_REPLY},
    {CURLE_SEND_ERROR, TL_CONN_RESET},
    {CURLE_HTTP2, TL_CONN_RESET}, /* the server closed or shed the stream */
    {CURLE_HTTP2_STREAM, TL_CONN_RESET},
    {CURLE_PARTIAL_FILE, TL_PARTIAL_BODY},
    {CURLE_TOO_MANY_REDIRECTS, TL_TOO_MANY_REDIRECTS},
    {CURLE_FILESIZE_EXCEEDED, TL_TOO_LARGE},
    {CURLE_PEER_FAILED_VERIFICATION, TL_TLS_FAILED},
    {CURLE_SSL_CIPHER, TL_TLS_FAILED},
    {CURLE_SSL_CERTPROBLEM, TL_TLS_FAILED},
    {CURLE_SSL_CACERT_BADFILE, TL_TLS_FAILED},
    {CURLE_SSL_ISSUER_ERROR, TL_TLS_FAILED},
    {CURLE_SSL_INVALIDCERTSTATUS, TL_TLS_FAILED},
    {CURLE_SSL_ENGINE_INITFAILED, TL_TLS_FAILED},
};

static tl_fault
fault_of_status(long status, size_t body_size)
{
    static const tl_fault by_hundred[] = {TL_HTTP_2XX, TL_HTTP_3XX, TL_HTTP_4XX,
                                          TL_HTTP_5XX};

    if (status == 200)
        return body_size > 0 ? TL_OK : TL_EMPTY_BODY;
    if (status == 429)
        return TL_RATE_LIMITED;
    if (status == 408 || status == 425)
        return TL_HTTP_408;
    if (status >= 200 && status < 600)
        return by_hundred[status / 100 - 2];
    return TL_HTTP_PROTOCOL;
}

static tl_fault
fault_of_stop(fetch_stop stop)
{
    static const tl_fault by_stop[] = {
        [FETCH_BODY_TOO_LARGE] = TL_TOO_LARGE,
        [FETCH_HEADERS_TOO_LARGE] = TL_HTTP_PROTOCOL,
        [FETCH_NO_MEMORY] = TL_CONN_RESET, /* may be there at the next try */
    };

    return by_stop[stop];
}

static tl_fault
fault_of_timeout(const fetch_end *end)
{
    if (!end->resolved)
        return TL_DNS_FAILED;
    return end->connected ? TL_TIMEOUT : TL_CONNECT_TIMEOUT;
}

static bool
was_reset(const char *problem)
{
    return strstr(problem, "reset by peer") || strstr(problem, "SSL_ERROR_SYSCALL");
}

static tl_fault
fault_of_code(const fetch_end *end)
{
    switch (end->code) {
    case CURLE_OPERATION_TIMEDOUT:
        return fault_of_timeout(end);
    case CURLE_UNSUPPORTED_PROTOCOL: /* also HTTP/0.9 and garbage, outside of redirects */
        return end->redirected ? TL_REDIRECT_BLOCKED : TL_HTTP_PROTOCOL;
    case CURLE_URL_MALFORMAT:
        return end->redirected ? TL_REDIRECT_BLOCKED : TL_URL_INVALID;
    case CURLE_RECV_ERROR: /* also a chunk that is none */
        return strstr(end->problem, "hunk") ? TL_HTTP_PROTOCOL : TL_CONN_RESET;
    case CURLE_SSL_CONNECT_ERROR:
        return was_reset(end->problem) ? TL_CONN_RESET : TL_TLS_FAILED;
    default:
        for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
            if ((int) codes[i].code == end->code)
                return codes[i].fault;
        return TL_HTTP_PROTOCOL;
    }
}

tl_fault
fetch_fault(const fetch_end *end)
{
    /* A page that is too long is still the answer of that status. */
    bool answered = end->stop == FETCH_ENOUGH_READ ||
                    (end->code == CURLE_FILESIZE_EXCEEDED && end->status >= 400);

    if (end->code == CURLE_OK || answered)
        return fault_of_status(end->status, end->body_size);
    if (end->stop != FETCH_GOES_ON)
        return fault_of_stop(end->stop);
    if (end->blocked && end->code == CURLE_COULDNT_CONNECT)
        return TL_ADDRESS_BLOCKED;
    return fault_of_code(end);
}
