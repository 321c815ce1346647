#include "sink/names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/digest.h"
#include "proto/limits.h"
#include "proto/utf8.h"

enum {
    SUFFIX_BYTES = 64, /* "-" and 32 digits, "-" and a round */
    TAIL_BYTES = 3,    /* of a stem that stand in its hash as they are */
};

static const char fallback[] = "image";

/* Bytes of the name before the extension of a picture; all of them if it has none. */
static size_t
stem_size(const char *name, size_t size)
{
    static const char *const known[] = {"jpg",  "jpeg", "jpe",  "jfif", "png",
                                        "gif",  "webp", "avif", "tif",  "tiff",
                                        "heic", "jxl",  "svg",  "bmp"};
    const char *dot = memrchr(name, '.', size);

    if (!dot || dot == name)
        return size;
    size_t length = size - (size_t) (dot + 1 - name);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i]) == length && strncasecmp(known[i], dot + 1, length) == 0)
            return (size_t) (dot - name);
    return size;
}

static size_t
digits_before(const char *text, size_t end)
{
    size_t n = 0;

    while (n < end && text[end - 1 - n] >= '0' && text[end - 1 - n] <= '9')
        n++;
    return n;
}

/* Without a "_128x128" at its end, if there is one. */
static size_t
without_box(const char *stem, size_t size)
{
    size_t height = digits_before(stem, size);

    if (height == 0 || height == size || (stem[size - height - 1] | 0x20) != 'x')
        return size;
    size_t left = size - height - 1;
    size_t width = digits_before(stem, left);
    if (width == 0 || width == left || stem[left - width - 1] != '_')
        return size;
    return left - width - 1;
}

/* Could another link's thumbnail be called so? */
static bool
is_thumbnail(const char *stem, size_t size)
{
    static const char mark[] = "_thumbnail";
    size_t length = sizeof mark - 1;
    size_t left = without_box(stem, size);

    return left >= length && strncasecmp(stem + left - length, mark, length) == 0;
}

/* The ventilator makes names safe; one that is not comes from somebody else. */
static bool
is_safe(tl_text_view name)
{
    if (name.size == 0 || name.size > TL_NAME_BYTES || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.size; i++)
        if ((uint8_t) name.at[i] < 0x20 || name.at[i] == '/' || name.at[i] == 0x7f)
            return false;
    return tl_utf8_valid((const uint8_t *) name.at, name.size);
}

/* The largest size up to `room` that does not cut a character in two. */
static size_t
cut(const char *text, size_t size, size_t room)
{
    if (size <= room)
        return size;
    while (room > 0 && ((uint8_t) text[room] & 0xc0) == 0x80)
        room--;
    return room;
}

/* FNV-1a of the stem's beginning, then its last bytes as they are: the names of a
 * numbered list are neighbours, so a batch of them touches few pages of the index. */
static uint64_t
hash_stem(const char *stem, size_t size)
{
    size_t tail = size < TAIL_BYTES ? size : TAIL_BYTES;
    uint64_t hash = 0xcbf29ce484222325U;
    uint64_t end = 0;

    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t) stem[i];

        if (byte >= 'A' && byte <= 'Z')
            byte |= 0x20;
        if (i < size - tail)
            hash = (hash ^ byte) * 0x100000001b3U;
        else
            end = end << 8 | byte;
    }
    return (hash ^ hash >> 40) << 24 | end;
}

static void
make_suffix(const tl_link *link, unsigned round, char *suffix)
{
    static const size_t bytes[] = {0, 4, 8, TL_KEY_BYTES};
    enum { LAST = sizeof bytes / sizeof bytes[0] - 1 };
    char hex[2 * TL_KEY_BYTES + 1];

    suffix[0] = '\0';
    if (round == 0)
        return;
    (void) tl_hex((const uint8_t *) link->key.at, bytes[round < LAST ? round : LAST],
                  hex);
    if (round <= LAST)
        (void) snprintf(suffix, SUFFIX_BYTES, "-%s", hex);
    else /* the whole key is taken: somebody named a link like that on purpose */
        (void) snprintf(suffix, SUFFIX_BYTES, "-%s-%u", hex, round - LAST);
}

uint64_t
names_make(const tl_link *link, unsigned round, char *out)
{
    bool safe = is_safe(link->name);
    const char *name = safe ? link->name.at : fallback;
    size_t size = safe ? link->name.size : sizeof fallback - 1;
    size_t stem = stem_size(name, size);
    size_t extension = size - stem;
    char suffix[SUFFIX_BYTES];

    if (!safe || is_thumbnail(name, stem))
        round++;
    make_suffix(link, round, suffix);

    size_t length = strlen(suffix);
    size_t kept = cut(name, stem, TL_NAME_BYTES - extension - length);
    memcpy(out, name, kept);
    memcpy(out + kept, suffix, length);
    memcpy(out + kept + length, name + stem, extension);
    out[kept + length + extension] = '\0';
    return hash_stem(out, kept + length);
}
