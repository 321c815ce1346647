#include "worker/guard.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { NETWORKS = 256, V4_BITS = 32, V6_BITS = 128 };

/* One address of either kind. IPv4 that travels inside IPv6 is unwrapped into this. */
typedef struct {
    bool is_v4;
    uint32_t v4; /* host order */
    uint8_t v6[16];
} address;

typedef struct {
    address base;
    unsigned bits;
} network;

struct guard {
    network allowed[NETWORKS];
    size_t count;
};

typedef struct {
    uint32_t base;
    unsigned bits;
} v4_network;

/* IANA's special-purpose registry: nothing in here is somebody's public web server. */
static const v4_network refused_v4[] = {
    {0x00000000, 8},  /* this network */
    {0x0a000000, 8},  /* private */
    {0x64400000, 10}, /* carrier-grade NAT */
    {0x7f000000, 8},  /* loopback */
    {0xa9fe0000, 16}, /* link-local, where clouds keep their metadata */
    {0xac100000, 12}, /* private */
    {0xc0000000, 24}, /* protocol assignments */
    {0xc0000200, 24}, /* documentation */
    {0xc0586300, 24}, /* 6to4 relays */
    {0xc0a80000, 16}, /* private */
    {0xc6120000, 15}, /* benchmarks */
    {0xc6336400, 24}, /* documentation */
    {0xcb007100, 24}, /* documentation */
    {0xe0000000, 4},  /* multicast */
    {0xf0000000, 4},  /* reserved, broadcast */
};

/* Ports of the Fetch standard's list: services that can be made to obey a line of an HTTP
 * request. Sorted. */
static const uint16_t refused_ports[] = {
    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,    25,   37,
    42,   43,   53,   69,   77,   79,   87,   95,   101,  102,  103,  104,   109,  110,
    111,  113,  115,  117,  119,  123,  135,  137,  139,  143,  161,  179,   389,  427,
    465,  512,  513,  514,  515,  526,  530,  531,  532,  540,  548,  554,   556,  563,
    587,  601,  636,  989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659,  4045, 4190,
    5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
};

guard *
guard_new(void)
{
    return calloc(1, sizeof(guard));
}

void
guard_destroy(guard **self_p)
{
    assert(self_p);
    free(*self_p);
    *self_p = NULL;
}

static bool
starts_with(const uint8_t *bytes, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8;
    unsigned rest = bits % 8;

    if (memcmp(bytes, prefix, whole) != 0)
        return false;
    return rest == 0 || ((bytes[whole] ^ prefix[whole]) >> (8 - rest)) == 0;
}

static bool
v4_within(uint32_t v4, uint32_t base, unsigned bits)
{
    return bits == 0 || ((v4 ^ base) >> (V4_BITS - bits)) == 0;
}

static uint32_t
v4_at(const uint8_t *bytes)
{
    return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 |
           (uint32_t) bytes[2] << 8 | bytes[3];
}

/* Where the bytes of an IPv4 address begin inside an IPv6 one; NULL if there is none.
 * A gateway on the way would forward to it, so it is what must be judged. */
static const uint8_t *
embedded_v4(const uint8_t v6[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t compatible[12] = {0};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const uint8_t six_to_four[2] = {0x20, 0x02};
    static const uint8_t isatap[3] = {0x00, 0x5e, 0xfe}; /* after 00 or 02 */

    if (starts_with(v6, mapped, 96) || starts_with(v6, nat64, 96))
        return v6 + 12;
    if (starts_with(v6, compatible, 96) && v4_at(v6 + 12) > 1)
        return v6 + 12; /* :: and ::1 are no IPv4 addresses but IPv6's own */
    if (starts_with(v6, six_to_four, 16))
        return v6 + 2;
    if ((v6[8] & 0xfd) == 0 && starts_with(v6 + 9, isatap, 24))
        return v6 + 12;
    return NULL;
}

static bool
is_public_v4(uint32_t v4)
{
    for (size_t i = 0; i < sizeof refused_v4 / sizeof refused_v4[0]; i++)
        if (v4_within(v4, refused_v4[i].base, refused_v4[i].bits))
            return false;
    return true;
}

/* Global unicast, but for what is set aside in it (Teredo is in 2001::/23). */
static bool
is_public_v6(const uint8_t v6[16])
{
    static const uint8_t unicast[1] = {0x20};
    static const uint8_t assignments[3] = {0x20, 0x01, 0x00};
    static const uint8_t documentation[4] = {0x20, 0x01, 0x0d, 0xb8};

    return starts_with(v6, unicast, 3) && !starts_with(v6, assignments, 23) &&
           !starts_with(v6, documentation, 32);
}

static bool
is_allowed(const guard *self, const address *it)
{
    for (size_t i = 0; i < self->count; i++) {
        const network *open = &self->allowed[i];

        if (open->base.is_v4 != it->is_v4)
            continue;
        if (it->is_v4 ? v4_within(it->v4, open->base.v4, open->bits)
                      : starts_with(it->v6, open->base.v6, open->bits))
            return true;
    }
    return false;
}

static bool
is_good_port(uint16_t port)
{
    for (size_t i = 0; i < sizeof refused_ports / sizeof refused_ports[0]; i++)
        if (refused_ports[i] == port)
            return false;
    return true;
}

static bool
permits_v6(const guard *self, const struct sockaddr_in6 *v6)
{
    address whole = {.is_v4 = false};
    memcpy(whole.v6, &v6->sin6_addr, sizeof whole.v6);
    if (is_allowed(self, &whole))
        return true;

    const uint8_t *inner = embedded_v4(whole.v6);
    if (!inner)
        return is_public_v6(whole.v6) && is_good_port(ntohs(v6->sin6_port));
    address v4 = {.is_v4 = true, .v4 = v4_at(inner)};
    return is_allowed(self, &v4) ||
           (is_public_v4(v4.v4) && is_good_port(ntohs(v6->sin6_port)));
}

bool
guard_permits(const guard *self, const struct sockaddr *where)
{
    if (where->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, where, sizeof v6);
        return permits_v6(self, &v6);
    }
    if (where->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, where, sizeof v4);
        address it = {.is_v4 = true, .v4 = ntohl(v4.sin_addr.s_addr)};
        return is_allowed(self, &it) ||
               (is_public_v4(it.v4) && is_good_port(ntohs(v4.sin_port)));
    }
    return false; /* neither: a Unix socket, or something newer than this list */
}

tl_fault
guard_allow(guard *self, const char *cidr, tl_error *err)
{
    char text[INET6_ADDRSTRLEN];
    size_t size = strcspn(cidr, "/");
    const char *slash = cidr[size] == '/' ? cidr + size + 1 : NULL;
    uint8_t bytes[16] = {0};
    network open = {0};

    if (self->count == NETWORKS)
        return tl_fail(err, TL_USAGE, "--allow-net is given more than %d times",
                       NETWORKS);
    if (size < sizeof text) {
        memcpy(text, cidr, size);
        text[size] = '\0';
    }
    open.base.is_v4 = size < sizeof text && inet_pton(AF_INET, text, bytes) == 1;
    if (size >= sizeof text ||
        (!open.base.is_v4 && inet_pton(AF_INET6, text, bytes) != 1))
        return tl_fail(
            err, TL_USAGE,
            "--allow-net takes a network like 10.0.0.0/8 or fd00::/8, not '%s'", cidr);

    unsigned long most = open.base.is_v4 ? V4_BITS : V6_BITS;
    char *end = NULL;
    unsigned long bits = slash ? strtoul(slash, &end, 10) : most;
    if (slash && (slash[0] < '0' || slash[0] > '9' || *end != '\0' || bits > most))
        return tl_fail(err, TL_USAGE,
                       "--allow-net %s: 0 to %lu bits come after the slash", cidr, most);
    if (open.base.is_v4)
        open.base.v4 = v4_at(bytes);
    else
        memcpy(open.base.v6, bytes, sizeof bytes);
    open.bits = (unsigned) bits;
    self->allowed[self->count++] = open;
    return TL_OK;
}
