/* magic: what may be shown to a decoder, by its first bytes and by a PNG's chunks. */
#include <stdio.h>
#include <string.h>

#include "tests/support/unit.h"
#include "worker/shrink/magic.h"

#define BYTES(text) (const uint8_t *) (text), sizeof(text) - 1

static void
kinds_are_told_by_their_first_bytes(void **state)
{
    static const struct {
        const char *name;
        const uint8_t *bytes;
        size_t size;
        picture_kind kind;
    } cases[] = {
        {"nothing", BYTES(""), PICTURE_NONE},
        {"one byte", BYTES("\xff"), PICTURE_NONE},
        {"jpeg", BYTES("\xff\xd8\xff\xe0"), PICTURE_JPEG},
        {"jpeg without a third byte", BYTES("\xff\xd8"), PICTURE_JPEG},
        {"png", BYTES("\x89PNG\r\n\x1a\n"), PICTURE_PNG},
        {"png mangled by a text transfer", BYTES("\x89PNG\n\x1a\n\0\0"), PICTURE_NONE},
        {"gif87", BYTES("GIF87a"), PICTURE_GIF},
        {"gif89", BYTES("GIF89a\1\0"), PICTURE_GIF},
        {"gif of no version", BYTES("GIF88a"), PICTURE_NONE},
        {"webp", BYTES("RIFF\0\0\0\0WEBPVP8 "), PICTURE_WEBP},
        {"sound", BYTES("RIFF\0\0\0\0WAVEfmt "), PICTURE_NONE},
        {"webp cut off", BYTES("RIFF\0\0\0\0WEB"), PICTURE_NONE},
        {"little tiff", BYTES("II*\0\10\0\0\0"), PICTURE_TIFF},
        {"big tiff", BYTES("MM\0*\0\0\0\10"), PICTURE_TIFF},
        {"tiff of mixed order", BYTES("II\0*\10\0\0\0"), PICTURE_NONE},
        {"avif",
         BYTES("\0\0\0\x18"
               "ftypavif\0\0\0\0mif1miaf"),
         PICTURE_AVIF},
        {"avif sequence",
         BYTES("\0\0\0\x18"
               "ftypavis\0\0\0\0mif1miaf"),
         PICTURE_AVIF},
        {"avif by its second name",
         BYTES("\0\0\0\x18"
               "ftypmif1\0\0\0\0miafavif"),
         PICTURE_AVIF},
        {"some image",
         BYTES("\0\0\0\x14"
               "ftypmif1\0\0\0\0miaf"),
         PICTURE_AVIF},
        {"heic",
         BYTES("\0\0\0\x18"
               "ftypheic\0\0\0\0mif1heic"),
         PICTURE_NONE},
        {"heic that begins as some image",
         BYTES("\0\0\0\x18"
               "ftypmif1\0\0\0\0mif1heic"),
         PICTURE_NONE},
        {"mp4",
         BYTES("\0\0\0\x18"
               "ftypisom\0\0\0\0isommp42"),
         PICTURE_NONE},
        {"the version is no brand",
         BYTES("\0\0\0\x10"
               "ftypisomavif"),
         PICTURE_NONE},
        {"a brand behind the box",
         BYTES("\0\0\0\x10"
               "ftypisom\0\0\0\0avif"),
         PICTURE_NONE},
        {"a box that claims to be longer",
         BYTES("\xff\xff\xff\xff"
               "ftypisom\0\0\0\0avif"),
         PICTURE_AVIF},
        {"ftyp alone", BYTES("\0\0\0\0ftyp"), PICTURE_NONE},
        {"gzip that libvips cannot bear", BYTES("\x1f\x8b\x08\0\0\0\0\0\0\x03"),
         PICTURE_NONE},
        {"svg", BYTES("<svg xmlns="), PICTURE_NONE},
        {"bmp", BYTES("BM\0\0\0\0"), PICTURE_NONE},
    };

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (magic_kind(cases[i].bytes, cases[i].size) != cases[i].kind)
            fail_msg("%s: %s", cases[i].name,
                     picture_label(magic_kind(cases[i].bytes, cases[i].size)));
}

static void
what_came_instead_is_said(void **state)
{
    static const struct {
        const uint8_t *bytes;
        size_t size;
        const char *word;
    } cases[] = {
        {BYTES(""), "no bytes"},
        {BYTES("\n\n <!doctype html>"), "HTML"},
        {BYTES("\xef\xbb\xbf<?xml"), "markup"},
        {BYTES("   "), "no kind"},
        {BYTES("{\"error\": 404}"), "JSON"},
        {BYTES("\x1f\x8b\x08"), "gzip"},
        {BYTES("%PDF-1.7"), "PDF"},
        {BYTES("\0\0\0\x18"
               "ftypheic\0\0\0\0"),
         "HEIC"},
        {BYTES("hello"), "no kind"},
    };
    tl_error err;
    picture_kind kind;

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(magic_check(cases[i].bytes, cases[i].size, &kind, &err),
                         TL_NOT_AN_IMAGE);
        if (!strstr(err.text, cases[i].word))
            fail_msg("%s: %s", cases[i].word, err.text);
    }
}

/* ---- PNG -------------------------------------------------------------------------- */

/* A PNG as it is put together; checksums are not looked at. */
typedef struct {
    uint8_t bytes[1 << 20];
    size_t size;
} png;

static void
add_chunk(png *self, const char *type, uint32_t claimed, size_t size)
{
    uint8_t head[8] = {(uint8_t) (claimed >> 24), (uint8_t) (claimed >> 16),
                       (uint8_t) (claimed >> 8), (uint8_t) claimed};

    memcpy(head + 4, type, 4);
    memcpy(self->bytes + self->size, head, sizeof head);
    memset(self->bytes + self->size + sizeof head, 0, size + 4);
    self->size += sizeof head + size + 4;
}

static void
begin_png(png *self)
{
    memcpy(self->bytes, "\x89PNG\r\n\x1a\n", 8);
    self->size = 8;
    add_chunk(self, "IHDR", 13, 13);
}

static tl_fault
check(const png *self)
{
    picture_kind kind = PICTURE_NONE;
    tl_error err = {0};
    tl_fault fault = magic_check(self->bytes, self->size, &kind, &err);

    assert_int_equal(kind, PICTURE_PNG);
    return fault;
}

static void
a_plain_png_passes(void **state)
{
    static png it;

    (void) state;
    begin_png(&it);
    add_chunk(&it, "tEXt", 10, 10);
    add_chunk(&it, "IDAT", 1000, 1000);
    assert_int_equal(check(&it), TL_OK); /* without its end mark, too */
    add_chunk(&it, "IEND", 0, 0);
    assert_int_equal(check(&it), TL_OK);
    memset(it.bytes + it.size, 'x', 100); /* what follows the end is nobody's business */
    it.size += 100;
    assert_int_equal(check(&it), TL_OK);
}

static void
a_chunk_may_claim_no_more_than_there_is(void **state)
{
    static const struct {
        const char *type;
        uint32_t claimed;
        tl_fault fault;
    } cases[] = {
        {"IDAT", 11, TL_TRUNCATED},
        {"IDAT", 0x7fffffff, TL_TRUNCATED},
        {"IDAT", UINT32_MAX, TL_TRUNCATED},
        {"tEXt", 11, TL_TRUNCATED},
        {"tEXt", 9 << 20, TL_DECODE_FAILED},
        {"iCCP", 0x3fffffff, TL_DECODE_FAILED},
        {"zTXt", UINT32_MAX, TL_DECODE_FAILED},
    };
    static png it;

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin_png(&it);
        add_chunk(&it, cases[i].type, cases[i].claimed, 10);
        assert_int_equal(check(&it), cases[i].fault);
    }
}

static void
many_small_chunks_are_refused_unless_they_are_pixels(void **state)
{
    static png it;

    (void) state;
    begin_png(&it);
    for (int i = 0; i < 3000; i++)
        add_chunk(&it, i % 2 ? "IDAT" : "fdAT", 0, 0);
    add_chunk(&it, "IEND", 0, 0);
    assert_int_equal(check(&it), TL_OK);

    begin_png(&it);
    for (int i = 0; i < 3000; i++)
        add_chunk(&it, "tEXt", 0, 0);
    assert_int_equal(check(&it), TL_DECODE_FAILED);
}

static void
a_png_that_ends_before_its_pixels_is_truncated(void **state)
{
    static png it;

    (void) state;
    begin_png(&it);
    for (size_t size = 8; size <= it.size; size++) {
        png cut = {.size = size};

        memcpy(cut.bytes, it.bytes, size);
        assert_int_equal(check(&cut), TL_TRUNCATED);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_are_told_by_their_first_bytes),
        cmocka_unit_test(what_came_instead_is_said),
        cmocka_unit_test(a_plain_png_passes),
        cmocka_unit_test(a_chunk_may_claim_no_more_than_there_is),
        cmocka_unit_test(many_small_chunks_are_refused_unless_they_are_pixels),
        cmocka_unit_test(a_png_that_ends_before_its_pixels_is_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
