#include "worker/shrink/anykind.h"

#include <assert.h>
#include <ctype.h>
#include <gmodule.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vips/vips.h>

#include "proto/scope.h"

enum {
    STRIP_SAMPLES = 1 << 20, /* of the source, decoded for one strip of the thumbnail */
    GIF_EFFORT = 3,          /* 7, the default, takes four times as long for 7 % less */
};

/* ---- faults ----------------------------------------------------------------------- */

/* libvips says what went wrong in English only. */
static const struct {
    const char *words;
    tl_fault fault;
} meanings[] = {
    {"out of memory", TL_DECODE_MEMORY},
    {"unable to allocate", TL_DECODE_MEMORY},
    {"failed to allocate", TL_DECODE_MEMORY},
    {"emory allocation", TL_DECODE_MEMORY},
    {"creating thread", TL_DECODE_MEMORY},
    {"remature end", TL_TRUNCATED},
    {"nexpected end", TL_TRUNCATED},
    {"end of file", TL_TRUNCATED},
    {"end of stream", TL_TRUNCATED},
    {"end of data", TL_TRUNCATED},
    {"truncated", TL_TRUNCATED},
    {"not enough data", TL_TRUNCATED},
    {"read past", TL_TRUNCATED},
};

/* The error that libvips left in its buffer, on one line; the buffer is emptied. */
static tl_fault
fail(tl_fault fault, tl_error *err)
{
    char text[TL_ERROR_TEXT_BYTES / 4];
    size_t used = 0;

    for (const char *at = vips_error_buffer(); *at && used < sizeof text - 1; at++)
        text[used++] = isprint((unsigned char) *at) ? *at : ' ';
    while (used > 0 && text[used - 1] == ' ')
        used--;
    text[used] = '\0';
    vips_error_clear();
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (strcasestr(text, meanings[i].words)) {
            fault = meanings[i].fault;
            break;
        }
    return tl_fail(err, fault, "%s", text[0] ? text : "libvips gave no reason");
}

/* GLib ends the process when memory is out. It says so here first; to whoever started us
 * it would look like any other crash. `context` is the exit status to leave with. */
static void
on_log(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer context)
{
    (void) domain;
    if ((level & G_LOG_LEVEL_ERROR) && strstr(message, "failed to allocate")) {
        (void) dprintf(STDERR_FILENO, "thumbline-shrink: decode_memory: %s\n", message);
        _exit(GPOINTER_TO_INT(context));
    }
    /* Warnings about single pictures come back to us as errors as well. */
}

/* ---- life ------------------------------------------------------------------------- */

static const char *const loaders[PICTURE_KINDS] = {
    [PICTURE_JPEG] = "jpegload_buffer", [PICTURE_PNG] = "pngload_buffer",
    [PICTURE_GIF] = "gifload_buffer",   [PICTURE_WEBP] = "webpload_buffer",
    [PICTURE_AVIF] = "heifload_buffer", [PICTURE_TIFF] = "tiffload_buffer",
};

/* Where distributions build libvips with modules, it loads all of them as it starts:
 * ImageMagick, Poppler and others, whose loaders are blocked anyway. We take the one that
 * reads AVIF; that halves the start, and leaves less in the process to abuse. */
static void
load_avif_module(void)
{
    if (vips_type_find("VipsOperation", loaders[PICTURE_AVIF]) != 0)
        return; /* built in */

    GModule *module = g_module_open(ANYKIND_MODULES "/vips-heif.so", G_MODULE_BIND_LAZY);
    if (module) /* if not, AVIF is a picture that cannot be decoded here */
        g_module_make_resident(module);
}

tl_fault
anykind_start(const char *program, int memory_status, tl_error *err)
{
    (void) g_log_set_default_handler(on_log, GINT_TO_POINTER(memory_status));
    (void) g_setenv("VIPSHOME", "/nonexistent", TRUE); /* where it would find modules */
    if (VIPS_INIT(program) != 0)
        return tl_fail(err, TL_CANNOT_START, "libvips does not start: %s",
                       vips_error_buffer());
    load_avif_module();
    vips_block_untrusted_set(TRUE);
    vips_concurrency_set(1); /* the worker runs one helper a core */
    return TL_OK;
}

void
anykind_stop(void)
{
    vips_shutdown();
}

/* ---- reading ---------------------------------------------------------------------- */

static void
image_drop(VipsImage **self_p)
{
    g_clear_object(self_p);
}

static void
region_drop(VipsRegion **self_p)
{
    g_clear_object(self_p);
}

static void
blob_drop(VipsBlob **self_p)
{
    if (*self_p)
        vips_area_unref(VIPS_AREA(*self_p));
}

/* `reduce` is how many times smaller the decoder may make it by itself; 1 is not at all.
 * Loaders are named, since looking for one asks all of them. */
static VipsImage *
load(picture_kind kind, const uint8_t *bytes, size_t size, double reduce)
{
    TL_SCOPED(blob_drop) VipsBlob *blob = vips_blob_new(NULL, bytes, size);
    VipsImage *image = NULL;
    /* A list of options ends at its first NULL. */
    const char *more = kind == PICTURE_JPEG && reduce > 1   ? "shrink"
                       : kind == PICTURE_WEBP && reduce > 1 ? "scale"
                                                            : NULL;

    assert(loaders[kind]);
    /* The loader's own fail_on: libvips ignores that of vips_thumbnail_buffer. */
    int result =
        kind == PICTURE_WEBP
            ? vips_call(loaders[kind], blob, &image, "access", VIPS_ACCESS_SEQUENTIAL,
                        "fail_on", VIPS_FAIL_ON_TRUNCATED, more, 1 / reduce, NULL)
            : vips_call(loaders[kind], blob, &image, "access", VIPS_ACCESS_SEQUENTIAL,
                        "fail_on", VIPS_FAIL_ON_TRUNCATED, more, (int) reduce, NULL);
    if (result != 0)
        g_clear_object(&image);
    return image;
}

tl_fault
anykind_open(picture_kind kind, const uint8_t *bytes, size_t size, anykind_header *header,
             tl_error *err)
{
    TL_SCOPED(image_drop) VipsImage *image = load(kind, bytes, size, 1);

    if (!image)
        return fail(TL_DECODE_FAILED, err);
    header->size = (picture_size){(uint32_t) vips_image_get_width(image),
                                  (uint32_t) vips_image_get_height(image)};
    header->lies = pixels_lie((unsigned) vips_image_get_orientation(image));
    header->whole =
        kind == PICTURE_AVIF || vips_image_get_typeof(image, "interlaced") != 0;
    header->alpha = vips_image_hasalpha(image);
    header->bands = (uint32_t) vips_image_get_bands(image);
    return TL_OK;
}

/* JPEG and WebP decoders can leave out pixels that nobody will see. At least twice the
 * target remains for the filter. */
static double
choose_reduce(const anykind_job *job)
{
    picture_size to = job->target;

    if (job->header.lies)
        to = (picture_size){to.height, to.width};

    double across = (double) job->header.size.width / (2.0 * to.width);
    double down = (double) job->header.size.height / (2.0 * to.height);
    double most = VIPS_MIN(across, down);

    if (job->kind == PICTURE_WEBP)
        return VIPS_MAX(1, most);
    return most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

/* The pixels, strip by strip, computed in this thread: libvips' own way to memory starts
 * a thread for each picture, which costs more than a small one. All at once would decode
 * a large one whole. */
static tl_fault
compute(VipsImage *image, picture_size source, pixels *out, tl_error *err)
{
    picture_size size = {(uint32_t) vips_image_get_width(image),
                         (uint32_t) vips_image_get_height(image)};
    uint32_t bands = (uint32_t) vips_image_get_bands(image);
    TL_SCOPED(region_drop) VipsRegion *region = vips_region_new(image);
    double samples = (double) source.width * source.height * bands;
    double rows = size.height * (STRIP_SAMPLES / samples);
    uint32_t strip = rows < 1 ? 1 : rows > size.height ? size.height : (uint32_t) rows;

    if (pixels_shape(out, size, bands, err) != TL_OK)
        return err->fault;
    for (uint32_t y = 0; y < size.height; y += strip) {
        uint32_t count = strip < size.height - y ? strip : size.height - y;
        VipsRect rect = {0, (int) y, (int) size.width, (int) count};

        if (vips_region_prepare(region, &rect) != 0)
            return fail(TL_DECODE_FAILED, err);

        /* libvips may have computed more than the strip, above it as well. */
        const uint8_t *from = VIPS_REGION_ADDR_TOPLEFT(region);
        size_t skip = (size_t) VIPS_REGION_LSKIP(region);
        size_t above = y - (uint32_t) region->valid.top;
        for (uint32_t i = 0; i < count; i++)
            memcpy(pixels_row(out, y + i), from + (above + i) * skip, pixels_stride(out));
    }
    return TL_OK;
}

tl_fault
anykind_read(const anykind_job *job, pixels *out, tl_error *err)
{
    TL_SCOPED(image_drop)
    VipsImage *image = load(job->kind, job->bytes, job->size, choose_reduce(job));
    TL_SCOPED(image_drop) VipsImage *thumb = NULL;

    if (!image)
        return fail(TL_DECODE_FAILED, err);
    /* Without a profile the numbers are sRGB or grey already, and grey may stay grey. */
    bool convert = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 ||
                   vips_image_get_interpretation(image) == VIPS_INTERPRETATION_CMYK;
    if (vips_thumbnail_image(image, &thumb, (int) job->target.width, "height",
                             (int) job->target.height, "size", VIPS_SIZE_FORCE,
                             convert ? "export_profile" : NULL, "srgb", NULL) != 0)
        return fail(TL_DECODE_FAILED, err);
    if (vips_image_get_format(thumb) != VIPS_FORMAT_UCHAR ||
        vips_image_get_bands(thumb) > 4)
        return tl_fail(err, TL_DECODE_FAILED, "its pixels are of an odd form");
    return compute(thumb, job->header.size, out, err);
}

/* ---- writing ---------------------------------------------------------------------- */

static VipsImage *
wrap(const pixels *in)
{
    TL_SCOPED(image_drop)
    VipsImage *memory = vips_image_new_from_memory(
        in->bytes, pixels_stride(in) * in->size.height, (int) in->size.width,
        (int) in->size.height, (int) in->bands, VIPS_FORMAT_UCHAR);
    VipsImage *image = NULL;

    if (memory &&
        vips_copy(memory, &image, "interpretation",
                  in->bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB,
                  NULL) != 0)
        g_clear_object(&image);
    return image;
}

tl_fault
anykind_write(const pixels *in, picture_kind kind, tl_buf *out, tl_error *err)
{
    TL_SCOPED(image_drop) VipsImage *image = wrap(in);
    void *bytes = NULL;
    size_t size = 0;
    int result = -1;

    assert(kind == PICTURE_PNG || kind == PICTURE_GIF);
    /* Without filters a photograph takes 1.7 times the bytes. */
    if (image && kind == PICTURE_PNG)
        result = vips_pngsave_buffer(image, &bytes, &size, "strip", TRUE, "filter",
                                     VIPS_FOREIGN_PNG_FILTER_ALL, NULL);
    else if (image)
        result = vips_gifsave_buffer(image, &bytes, &size, "strip", TRUE, "effort",
                                     GIF_EFFORT, NULL);
    if (result != 0)
        return fail(TL_ENCODE_FAILED, err);
    if (tl_buf_add(out, bytes, size, err) != TL_OK)
        (void) tl_fail(err, TL_ENCODE_FAILED, "the thumbnail has %zu bytes", size);
    g_free(bytes);
    return err->fault;
}
