#include "worker/shrink/magic.h"

#include <ctype.h>
#include <string.h>

enum {
    PNG_ANCILLARY_BYTES = 8 << 20, /* ICC profiles and texts; decoders allocate what a
                                      chunk claims */
    PNG_CHUNKS = 2000, /* decoders link them up; picture data does not count, libpng cuts
                          it into chunks of 8 KiB */
    PNG_CHUNK_FRAME = 12, /* length, type and checksum around a chunk's data */
    PNG_SIGNATURE = 8,
    BRANDS_BYTES = 256, /* of a ftyp box: a list of 60 brands is odd enough */
};

/* Kinds that a few bytes at a place tell. The second part lies at `later`. */
static const struct {
    picture_kind kind;
    size_t size;
    const char *bytes;
    size_t later;
    const char *then;
} prefixes[] = {
    {PICTURE_JPEG, 2, "\xff\xd8", 0, ""},
    {PICTURE_PNG, PNG_SIGNATURE, "\x89PNG\r\n\x1a\n", 0, ""},
    {PICTURE_GIF, 6, "GIF87a", 0, ""},
    {PICTURE_GIF, 6, "GIF89a", 0, ""},
    {PICTURE_WEBP, 4, "RIFF", 8, "WEBP"},
    {PICTURE_TIFF, 4, "II*\0", 0, ""},
    {PICTURE_TIFF, 4, "MM\0*", 0, ""},
};

/* What people are likely to have got instead, so that the error can say so. */
static const struct {
    size_t offset;
    const char *bytes;
    const char *name;
} others[] = {
    {0, "<", "HTML, SVG or other markup"},
    {0, "{", "JSON"},
    {0, "\x1f\x8b", "gzip"},
    {0, "%PDF", "PDF"},
    {0, "BM", "BMP"},
    {0, "8BPS", "Photoshop"},
    {0, "\xff\x0a", "JPEG XL"},
    {4, "JXL ", "JPEG XL"},
    {4, "jP  ", "JPEG 2000"},
    {4, "ftyp", "video or HEIC"},
    {0, "\x1a\x45\xdf\xa3", "video (WebM)"},
};

static bool
holds(const uint8_t *bytes, size_t size, size_t offset, const char *text, size_t length)
{
    return size >= offset && size - offset >= length &&
           memcmp(bytes + offset, text, length) == 0;
}

static uint32_t
big_endian(const uint8_t *at)
{
    return (uint32_t) at[0] << 24 | (uint32_t) at[1] << 16 | (uint32_t) at[2] << 8 |
           at[3];
}

/* A ftyp box names a brand, a version and the brands it is compatible with. Files that
 * say only "some image" (mif1, miaf) may be HEIC, whose decoder we leave alone. */
static bool
is_avif(const uint8_t *bytes, size_t size)
{
    if (!holds(bytes, size, 4, "ftyp", 4) || size < 16)
        return false;

    size_t end = big_endian(bytes);
    bool some_image =
        holds(bytes, size, 8, "mif1", 4) || holds(bytes, size, 8, "miaf", 4);

    if (end > size)
        end = size;
    if (end > BRANDS_BYTES)
        end = BRANDS_BYTES;
    for (size_t at = 8; end >= 4 && at <= end - 4; at += at == 8 ? 8 : 4) {
        if (memcmp(bytes + at, "avif", 4) == 0 || memcmp(bytes + at, "avis", 4) == 0)
            return true;
        if (memcmp(bytes + at, "he", 2) == 0)
            some_image = false;
    }
    return some_image;
}

picture_kind
magic_kind(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (holds(bytes, size, 0, prefixes[i].bytes, prefixes[i].size) &&
            holds(bytes, size, prefixes[i].later, prefixes[i].then,
                  strlen(prefixes[i].then)))
            return prefixes[i].kind;
    return is_avif(bytes, size) ? PICTURE_AVIF : PICTURE_NONE;
}

static tl_fault
not_an_image(const uint8_t *bytes, size_t size, tl_error *err)
{
    if (size == 0)
        return tl_fail(err, TL_NOT_AN_IMAGE, "there are no bytes");

    size_t skip = holds(bytes, size, 0, "\xef\xbb\xbf", 3) ? 3 : 0; /* byte order mark */
    while (skip < size && isspace(bytes[skip]))
        skip++;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (holds(bytes + skip, size - skip, others[i].offset, others[i].bytes,
                  strlen(others[i].bytes)))
            return tl_fail(err, TL_NOT_AN_IMAGE, "the bytes look like %s",
                           others[i].name);
    return tl_fail(err, TL_NOT_AN_IMAGE, "the first bytes are of no kind we read");
}

/* One chunk: may a decoder see it? `left` is what lies behind its length and type. */
static tl_fault
check_chunk(const uint8_t *type, uint32_t length, size_t left, tl_error *err)
{
    if (islower(type[0]) && length > PNG_ANCILLARY_BYTES)
        return tl_fail(err, TL_DECODE_FAILED, "a PNG chunk claims %u bytes",
                       (unsigned) length);
    if (length > left)
        return tl_fail(err, TL_TRUNCATED, "the last PNG chunk is cut off");
    return TL_OK;
}

/* A file that ends between two chunks is left to the decoder, which knows whether the
 * pixels are complete: only the end mark may be missing. */
static tl_fault
check_png(const uint8_t *bytes, size_t size, tl_error *err)
{
    size_t at = PNG_SIGNATURE;
    size_t chunks = 0;
    bool pixels = false;

    while (size - at >= PNG_CHUNK_FRAME) {
        uint32_t length = big_endian(bytes + at);
        const uint8_t *type = bytes + at + 4;

        if (check_chunk(type, length, size - at - PNG_CHUNK_FRAME, err) != TL_OK)
            return err->fault;
        if (memcmp(type, "IEND", 4) == 0)
            return TL_OK;
        if (memcmp(type, "IDAT", 4) == 0)
            pixels = true;
        else if (memcmp(type, "fdAT", 4) != 0 && ++chunks > PNG_CHUNKS)
            return tl_fail(err, TL_DECODE_FAILED, "more than %d PNG chunks", PNG_CHUNKS);
        at += PNG_CHUNK_FRAME + (size_t) length;
    }
    return pixels ? TL_OK : tl_fail(err, TL_TRUNCATED, "the PNG ends before its pixels");
}

tl_fault
magic_check(const uint8_t *bytes, size_t size, picture_kind *kind, tl_error *err)
{
    *kind = magic_kind(bytes, size);
    if (*kind == PICTURE_NONE)
        return not_an_image(bytes, size, err);
    if (*kind == PICTURE_PNG)
        return check_png(bytes, size, err);
    return TL_OK;
}
