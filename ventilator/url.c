#include "ventilator/url.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "proto/utf8.h"

struct url_parser {
    CURLU *url;
};

url_parser *
url_parser_new(void)
{
    TL_SCOPED(url_parser_destroy) url_parser *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->url = curl_url();
    return self->url ? TL_GIVE(self) : NULL;
}

void
url_parser_destroy(url_parser **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    curl_url_cleanup((*self_p)->url);
    free(*self_p);
    *self_p = NULL;
}

static void
free_part(char **part_p)
{
    curl_free(*part_p);
}

static bool
is_http(const char *text)
{
    return strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0;
}

/* "mailto:x", "ftp://x", "data:..." name another scheme; "example.org/x" names none, and
 * "http:x" is only a slip. */
static bool
has_other_scheme(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "0123456789+-.");

    bool slip = strncasecmp(text, "http:", 5) == 0 || strncasecmp(text, "https:", 6) == 0;

    return size > 0 && text[size] == ':' && !slip &&
           (text[size + 1] < '0' || text[size + 1] > '9');
}

/* Bytes of a name that some file system, shell or browser gives a meaning. */
static bool
is_unsafe(uint8_t byte)
{
    return byte < 0x20 || byte == 0x7f || strchr("/\\:*?\"<>|", byte) != NULL;
}

static bool
is_reserved(const char *name)
{
    static const char *const devices[] = {
        "con",  "prn",  "aux",  "nul",  "com1", "com2", "com3", "com4",
        "com5", "com6", "com7", "com8", "com9", "lpt1", "lpt2", "lpt3",
        "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
    };
    size_t stem = strcspn(name, ".");

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (strlen(devices[i]) == stem && strncasecmp(devices[i], name, stem) == 0)
            return true;
    return false;
}

/* A long name loses bytes before its ending, so that it still says what it is. */
static size_t
ending_of(const char *text, size_t size)
{
    const char *dot = memrchr(text, '.', size);
    size_t ending = dot ? (size_t) (text + size - dot) : 0;

    return ending <= 8 ? ending : 0;
}

static size_t
copy_safe(const char *text, size_t size, char *out, size_t room)
{
    size_t used = 0;

    for (size_t i = 0, n = 0; i < size; i += n) {
        n = tl_utf8_length((const uint8_t *) text + i, size - i);
        /* C1 controls (0xc2 0x80..0x9f) steer terminals. */
        bool control =
            n == 2 && (uint8_t) text[i] == 0xc2 && (uint8_t) text[i + 1] < 0xa0;
        bool plain = n > 0 && !control && !(n == 1 && is_unsafe((uint8_t) text[i]));
        size_t bytes = plain ? n : 1;

        n = n ? n : 1;
        if (used + bytes > room)
            break;
        memcpy(out + used, plain ? text + i : "_", bytes);
        used += bytes;
    }
    return used;
}

void
url_safe_name(const char *text, size_t size, char name[TL_NAME_BYTES + 1])
{
    /* Room for the mark before a reserved or hidden name. */
    size_t room = TL_NAME_BYTES - 1;
    size_t ending = size > room ? ending_of(text, size) : 0;
    char *out = name + 1;
    size_t used = copy_safe(text, size - ending, out, room - ending);

    used += copy_safe(text + size - ending, ending, out + used, room - used);
    /* Windows drops dots and spaces at the end; people don't see them. */
    while (used > 0 && (out[used - 1] == '.' || out[used - 1] == ' '))
        used--;
    out[used] = '\0';
    if (used == 0)
        memcpy(out, "index", sizeof "index");
    if (*out == '.' || *out == ' ' || *out == '-' || is_reserved(out))
        name[0] = '_';
    else
        memmove(name, out, strlen(out) + 1);
}

/* Decode %XX in place; what decodes to NUL ends nothing, it is made safe like any other
 * byte. The bytes that are left. */
static size_t
percent_decode(char *text, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < size; i++) {
        char digits[3] = {0};

        if (text[i] == '%' && i + 2 < size &&
            strspn(text + i + 1, "0123456789abcdefABCDEF") >= 2) {
            memcpy(digits, text + i + 1, 2);
            text[used++] = (char) strtoul(digits, NULL, 16);
            i += 2;
        } else {
            text[used++] = text[i];
        }
    }
    return used;
}

static void
name_from_path(char *path, char name[TL_NAME_BYTES + 1])
{
    size_t size = strlen(path);

    while (size > 0 && path[size - 1] == '/')
        size--;
    size_t start = size;
    while (start > 0 && path[start - 1] != '/')
        start--;
    url_safe_name(path + start, percent_decode(path + start, size - start), name);
}

tl_fault
url_check(url_parser *self, const char *text, char name[TL_NAME_BYTES + 1])
{
    TL_SCOPED(free_part) char *path = NULL;

    if (!is_http(text))
        return has_other_scheme(text) ? TL_SCHEME_BLOCKED : TL_URL_INVALID;
    CURLUcode code = curl_url_set(self->url, CURLUPART_URL, text,
                                  CURLU_DISALLOW_USER | CURLU_URLENCODE);
    if (code == CURLUE_USER_NOT_ALLOWED)
        return TL_CREDENTIALS;
    if (code != CURLUE_OK ||
        curl_url_get(self->url, CURLUPART_PATH, &path, 0) != CURLUE_OK)
        return TL_URL_INVALID;
    name_from_path(path, name);
    return TL_OK;
}
