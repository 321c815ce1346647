#include "worker/fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/limits.h"
#include "proto/log.h"
#include "proto/scope.h"
#include "worker/fetch_fault.h"
#include "worker/fetch_multi.h"

enum {
    REDIRECTS = 5,
    HEADER_BYTES = 256 << 10, /* of all answers of a transfer; libcurl has no such cap */
    DISCARDED_BYTES = 64 << 10, /* of an error page; read to keep the connection */
    LOW_SPEED_BYTES = 1024,     /* a second */
    DNS_CACHE_S = 60,
    CONNECTION_AGE_S = 30,
    RETRY_AFTER_S = 86400, /* longer wishes are those of clocks that are wrong */
};

/* One transfer; its handle is used again and again, since it keeps its connection's
 * settings and its buffers. */
typedef struct transfer {
    fetch *owner;
    CURL *easy;
    CURLU *link;
    fetch_order order; /* ticket NULL: free */
    uint64_t number;   /* counts up; the oldest is the smallest */
    tl_buf *body;
    uint64_t discarded_bytes;
    uint64_t header_bytes;
    fetch_stop stop;
    bool blocked; /* the guard refused an address */
    bool paused;
    tl_fault early; /* the link was no good; there was no transfer */
    char problem[CURL_ERROR_SIZE];
} transfer;

struct fetch {
    fetch_multi *multi;
    const guard *guard;
    bodies *bodies;
    transfer *transfers;
    size_t count;
    size_t running;
    size_t refused; /* of them: ended before they began */
    uint64_t started;
    size_t paused;
};

/* ---- what libcurl asks us --------------------------------------------------------- */

static bool
is_oldest(const transfer *it)
{
    const fetch *self = it->owner;

    for (size_t i = 0; i < self->count; i++)
        if (self->transfers[i].order.ticket && self->transfers[i].number < it->number)
            return false;
    return true;
}

/* Bodies of other answers than 200 are nothing to us. */
static size_t
discard(transfer *it, size_t size)
{
    if (it->discarded_bytes <= DISCARDED_BYTES)
        return size;
    it->stop = FETCH_ENOUGH_READ;
    return 0;
}

static size_t
on_body(char *bytes, size_t one, size_t size, void *context)
{
    transfer *it = context;
    long status = 0;
    tl_error err = {0};

    (void) one; /* is always 1 */
    (void) curl_easy_getinfo(it->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        it->discarded_bytes += size;
        return discard(it, size);
    }
    if (size > it->order.body_cap - tl_buf_size(it->body)) {
        it->stop = FETCH_BODY_TOO_LARGE;
        return 0;
    }
    if (bodies_full(it->owner->bodies) && !is_oldest(it)) {
        it->paused = true;
        it->owner->paused++;
        return CURL_WRITEFUNC_PAUSE; /* the same bytes come again */
    }
    if (bodies_add(it->owner->bodies, it->body, bytes, size, &err) == TL_OK)
        return size;
    it->stop = FETCH_NO_MEMORY;
    return 0;
}

static size_t
on_header(char *bytes, /* NOLINT(readability-non-const-parameter): libcurl's type */
          size_t one, size_t size, void *context)
{
    transfer *it = context;

    (void) bytes;
    (void) one;
    it->header_bytes += size;
    if (it->header_bytes <= HEADER_BYTES)
        return size;
    it->stop = FETCH_HEADERS_TOO_LARGE;
    return 0;
}

/* Asked after the name was resolved, for each address, for redirects as well. */
static curl_socket_t
on_open(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    transfer *it = context;

    (void) purpose;
    if (!guard_permits(it->owner->guard, &address->addr)) {
        it->blocked = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- building --------------------------------------------------------------------- */

/* What is the same for every link. No Accept-Encoding: libcurl calls a truncated gzip
 * stream a success. */
static bool
set_up(transfer *it)
{
    CURL *easy = it->easy;
    CURLcode bad = CURLE_OK;

#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))
    SET(CURLOPT_PRIVATE, it);
    SET(CURLOPT_ERRORBUFFER, it->problem);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, it);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, it);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(CURLOPT_OPENSOCKETDATA, it);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* a resolver that hangs must not stop the loop */
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 1L);
    SET(CURLOPT_MAXREDIRS, (long) REDIRECTS);
    SET(CURLOPT_HTTPAUTH, 0L); /* a redirect to user:password@host gets neither */
    SET(CURLOPT_PROXY, "");    /* http_proxy would get round the guard */
    SET(CURLOPT_HTTP09_ALLOWED, 0L);
    SET(CURLOPT_LOW_SPEED_LIMIT, (long) LOW_SPEED_BYTES);
    SET(CURLOPT_DNS_CACHE_TIMEOUT, (long) DNS_CACHE_S);
    SET(CURLOPT_MAXAGE_CONN, (long) CONNECTION_AGE_S);
    SET(CURLOPT_TCP_KEEPALIVE, 0L); /* deadlines do its work */
#undef SET
    return bad == CURLE_OK;
}

static bool
add_transfer(fetch *self, size_t index)
{
    transfer *it = &self->transfers[index];

    it->owner = self;
    it->easy = curl_easy_init();
    it->link = curl_url();
    return it->easy && it->link && set_up(it);
}

fetch *
fetch_new(size_t transfers, const guard *gate, bodies *pool, tl_error *err)
{
    TL_SCOPED(fetch_destroy) fetch *self = calloc(1, sizeof *self);
    bool fine = self && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;

    if (fine) {
        self->guard = gate;
        self->bodies = pool;
        self->multi = fetch_multi_new(transfers * 2);
        self->transfers = calloc(transfers, sizeof *self->transfers);
        fine = self->multi && self->transfers;
    }
    while (fine && self->count < transfers)
        fine = add_transfer(self, self->count++);
    if (!fine) {
        (void) tl_fail(err, TL_CANNOT_START, "libcurl cannot be set up");
        return NULL;
    }
    return TL_GIVE(self);
}

void
fetch_destroy(fetch **self_p)
{
    assert(self_p);
    fetch *self = *self_p;

    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        transfer *it = &self->transfers[i];

        if (it->order.ticket)
            fetch_cancel(self, it->order.ticket);
        curl_easy_cleanup(it->easy);
        curl_url_cleanup(it->link);
    }
    fetch_multi_destroy(&self->multi);
    free(self->transfers);
    free(self);
    *self_p = NULL;
}

/* ---- beginning -------------------------------------------------------------------- */

bool
fetch_has_room(const fetch *self)
{
    return self->running < self->count && !bodies_full(self->bodies);
}

size_t
fetch_running(const fetch *self)
{
    return self->running;
}

/* The link is judged before any packet is sent. */
static tl_fault
read_link(transfer *it)
{
    char *scheme = NULL;
    CURLUcode bad =
        curl_url_set(it->link, CURLUPART_URL, it->order.url,
                     CURLU_DISALLOW_USER | CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME);

    if (bad == CURLUE_USER_NOT_ALLOWED)
        return TL_CREDENTIALS;
    if (bad != CURLUE_OK ||
        curl_url_get(it->link, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return TL_URL_INVALID;
    bool web = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return web ? TL_OK : TL_SCHEME_BLOCKED;
}

static bool
set_link(const transfer *it)
{
    CURL *easy = it->easy;
    const fetch_order *order = &it->order;
    CURLcode bad = CURLE_OK;

#define SET(option, value) (bad = bad ? bad : curl_easy_setopt(easy, option, value))
    SET(CURLOPT_CURLU, it->link);
    SET(CURLOPT_USERAGENT, order->agent);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long) order->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long) order->transfer_ms);
    SET(CURLOPT_LOW_SPEED_TIME, (long) (order->low_speed_ms + 999) / 1000);
    SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t) order->body_cap);
#undef SET
    return bad == CURLE_OK;
}

static transfer *
free_transfer(const fetch *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (!self->transfers[i].order.ticket)
            return &self->transfers[i];
    return NULL;
}

void
fetch_start(fetch *self, const fetch_order *order, int64_t now_ms)
{
    transfer *it = free_transfer(self);

    assert(it && order->ticket);
    it->order = *order;
    it->number = ++self->started;
    it->discarded_bytes = 0;
    it->header_bytes = 0;
    it->stop = FETCH_GOES_ON;
    it->blocked = false;
    it->paused = false;
    it->problem[0] = '\0';
    it->body = bodies_take(self->bodies);
    it->early = read_link(it);
    if (it->early == TL_OK &&
        (!it->body || !set_link(it) || !fetch_multi_add(self->multi, it->easy, now_ms)))
        it->early = TL_CONN_RESET; /* no memory just now: worth another try */
    self->running++;
    if (it->early != TL_OK)
        self->refused++;
}

/* ---- ending ----------------------------------------------------------------------- */

static void
end_transfer(fetch *self, transfer *it)
{
    if (it->early == TL_OK)
        fetch_multi_remove(self->multi, it->easy);
    else
        self->refused--;
    bodies_give(self->bodies, &it->body);
    self->paused -= it->paused;
    it->paused = false;
    it->order.ticket = NULL;
    self->running--;
}

void
fetch_cancel(fetch *self, const void *ticket)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->transfers[i].order.ticket == ticket)
            end_transfer(self, &self->transfers[i]);
}

static fetch_end
end_of(const transfer *it, CURLcode code, long status)
{
    long redirects = 0;
    curl_off_t resolved = 0;
    curl_off_t connected = 0;

    (void) curl_easy_getinfo(it->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    (void) curl_easy_getinfo(it->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
    (void) curl_easy_getinfo(it->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
    return (fetch_end){
        .code = (int) code,
        .status = status,
        .body_size = tl_buf_size(it->body),
        .stop = it->stop,
        .blocked = it->blocked,
        .redirected = redirects > 0 || (status >= 300 && status < 400),
        .resolved = resolved > 0,
        .connected = connected > 0,
        .problem = it->problem,
    };
}

static uint64_t
time_between(const transfer *it, CURLINFO from, CURLINFO to)
{
    curl_off_t begun = 0;
    curl_off_t ended = 0;

    if (from != CURLINFO_NONE)
        (void) curl_easy_getinfo(it->easy, from, &begun);
    (void) curl_easy_getinfo(it->easy, to, &ended);
    return ended > begun ? (uint64_t) (ended - begun)
                         : 0; /* 0: there was no such phase */
}

static void
fill_times(const transfer *it, fetch_result *result)
{
    result->dns = time_between(it, CURLINFO_NONE, CURLINFO_NAMELOOKUP_TIME_T);
    result->connect =
        time_between(it, CURLINFO_NAMELOOKUP_TIME_T, CURLINFO_CONNECT_TIME_T);
    result->tls = time_between(it, CURLINFO_CONNECT_TIME_T, CURLINFO_APPCONNECT_TIME_T);
    result->first_byte =
        time_between(it, CURLINFO_PRETRANSFER_TIME_T, CURLINFO_STARTTRANSFER_TIME_T);
    result->body_time =
        time_between(it, CURLINFO_STARTTRANSFER_TIME_T, CURLINFO_TOTAL_TIME_T);
}

static void
fill_answer(const transfer *it, fetch_result *result)
{
    long status = 0;
    long redirects = 0;
    char *url = NULL;
    curl_off_t after_s = 0;

    (void) curl_easy_getinfo(it->easy, CURLINFO_RESPONSE_CODE, &status);
    (void) curl_easy_getinfo(it->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    (void) curl_easy_getinfo(it->easy, CURLINFO_RETRY_AFTER, &after_s);
    result->http = status > 0 && status < 1000 ? (uint64_t) status : 0;
    if (after_s > 0)
        result->after_ms =
            1000 * (uint64_t) (after_s < RETRY_AFTER_S ? after_s : RETRY_AFTER_S);
    if (redirects > 0)
        (void) curl_easy_getinfo(it->easy, CURLINFO_EFFECTIVE_URL, &url);
    if (url)
        result->url = url;
}

static void
describe(const transfer *it, CURLcode code, fetch_result *result)
{
    const char *text = it->problem[0] != '\0' ? it->problem : curl_easy_strerror(code);

    if (result->fault == TL_OK)
        return;
    if (it->stop != FETCH_GOES_ON ||
        code == CURLE_OK) /* the fault's own meaning says all */
        return;
    (void) tl_escape(text, strlen(text), result->detail, sizeof result->detail);
}

static void
take_result(fetch *self, transfer *it, CURLcode code, fetch_result *result)
{
    *result = (fetch_result){.ticket = it->order.ticket, .fault = it->early, .url = ""};
    if (it->early == TL_OK) {
        long status = 0;

        (void) curl_easy_getinfo(it->easy, CURLINFO_RESPONSE_CODE, &status);
        fetch_end end = end_of(it, code, status);
        result->fault = fetch_fault(&end);
        fill_answer(it, result);
        fill_times(it, result);
        describe(it, code, result);
    }
    if (result->fault == TL_OK)
        result->body = TL_GIVE(it->body);
    end_transfer(self, it);
}

static transfer *
refused_transfer(const fetch *self)
{
    for (size_t i = 0; self->refused > 0 && i < self->count; i++)
        if (self->transfers[i].order.ticket && self->transfers[i].early != TL_OK)
            return &self->transfers[i];
    return NULL;
}

bool
fetch_next(fetch *self, fetch_result *result)
{
    int code = CURLE_OK;
    transfer *it = refused_transfer(self);

    if (!it) {
        CURL *easy = fetch_multi_next(self->multi, &code);

        if (!easy)
            return false;
        (void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, &it);
    }
    take_result(self, it, (CURLcode) code, result);
    return true;
}

/* ---- the loop --------------------------------------------------------------------- */

/* The oldest always goes on, so memory is freed in the end and nobody waits for ever. */
static void
resume_paused(fetch *self)
{
    for (size_t i = 0; self->paused > 0 && i < self->count; i++) {
        transfer *it = &self->transfers[i];

        if (!it->order.ticket || !it->paused)
            continue;
        if (bodies_full(self->bodies) && !is_oldest(it))
            continue;
        it->paused = false;
        self->paused--;
        (void) curl_easy_pause(it->easy, CURLPAUSE_CONT); /* calls on_body at once */
    }
}

void
fetch_work(fetch *self, bool rang, int64_t now_ms)
{
    resume_paused(self);
    fetch_multi_work(self->multi, rang, now_ms);
}

int
fetch_descriptor(const fetch *self)
{
    return fetch_multi_descriptor(self->multi);
}

int64_t
fetch_deadline_ms(const fetch *self)
{
    return self->refused > 0 ? 0 : fetch_multi_deadline_ms(self->multi);
}
