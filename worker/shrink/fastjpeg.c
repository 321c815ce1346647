#include "worker/shrink/fastjpeg.h"

#include <assert.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* jpeglib.h wants FILE and size_t declared before it. */
#include <jerror.h>
#include <jpeglib.h>

#include "worker/shrink/exif.h"
#include "worker/shrink/icc.h"

enum {
    QUALITY = 75,
    SCANS = 100, /* encoders write about ten; a thousand over 50 MP take minutes */
    ROWS = 16,   /* of a call; the tallest row of blocks at full scale */
    OUTPUT_BYTES = 16 << 10,
    EXIF_MARKER = JPEG_APP0 + 1,
    ICC_MARKER = JPEG_APP0 + 2,
    MARKER_BYTES = 0xffff,
};

/* libjpeg reports errors by a call that must not return, so a jump is unavoidable. It
 * happens in one place, attempt(), whose steps keep all they own in this struct. */
struct fastjpeg {
    struct jpeg_decompress_struct reader;
    struct jpeg_compress_struct writer;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_destination_mgr destination;
    jmp_buf jump;
    tl_fault fault; /* why it jumped */
    bool ended;     /* all bytes have been read */
    char text[JMSG_LENGTH_MAX];

    const uint8_t *bytes; /* what the steps work on */
    size_t size;
    picture_size target;
    fastjpeg_header *header;
    pixels *out;
    const pixels *in;
    tl_buf *to;
    tl_error *err;
    uint8_t output[OUTPUT_BYTES];
};

/* ---- libjpeg's complaints, made faults -------------------------------------------- */

static _Noreturn void
give_up(fastjpeg *self, tl_fault fault)
{
    self->fault = fault;
    longjmp(self->jump, 1);
}

static void
on_error(j_common_ptr common)
{
    fastjpeg *self = common->client_data;
    tl_fault fault = TL_DECODE_FAILED;

    self->errors.format_message(common, self->text);
    if (common->err->msg_code == JERR_OUT_OF_MEMORY)
        fault = TL_DECODE_MEMORY;
    else if (self->ended)
        fault = TL_TRUNCATED;
    else if (common->err->msg_code == JERR_IMAGE_TOO_BIG)
        fault = TL_TOO_MANY_PIXELS;
    else if (!common->is_decompressor)
        fault = TL_ENCODE_FAILED;
    give_up(self, fault);
}

/* At the end of the bytes libjpeg pretends that an end mark was there. That alone is
 * nothing: many files lack theirs. But if it then misses pixels, it would go on in grey.
 * All other warnings are about things that browsers show without a word as well. */
static void
on_message(j_common_ptr common, int level)
{
    fastjpeg *self = common->client_data;

    if (level >= 0)
        return;
    if (common->err->msg_code == JWRN_JPEG_EOF) {
        self->ended = true;
    } else if (self->ended) {
        (void) snprintf(self->text, sizeof self->text, "the JPEG ends before its pixels");
        give_up(self, TL_TRUNCATED);
    }
}

static void
on_progress(j_common_ptr common)
{
    fastjpeg *self = common->client_data;

    if (self->reader.input_scan_number > SCANS) {
        (void) snprintf(self->text, sizeof self->text, "more than %d scans", SCANS);
        give_up(self, TL_DECODE_FAILED);
    }
}

/* Run a step; when libjpeg gives up in it, both halves are ready for the next picture. */
static tl_fault
attempt(fastjpeg *self, void (*step)(fastjpeg *self), tl_error *err)
{
    self->err = err;
    if (setjmp(self->jump) == 0) {
        step(self);
        return TL_OK;
    }
    jpeg_abort_decompress(&self->reader);
    jpeg_abort_compress(&self->writer);
    return tl_fail(err, self->fault, "%s", self->text);
}

/* ---- libjpeg's output, into a buffer ---------------------------------------------- */

static void
hand_over(fastjpeg *self, size_t size)
{
    if (tl_buf_add(self->to, self->output, size, self->err) != TL_OK) {
        (void) snprintf(self->text, sizeof self->text, "the thumbnail: %.100s",
                        self->err->text);
        give_up(self, TL_ENCODE_FAILED);
    }
    self->destination.next_output_byte = self->output;
    self->destination.free_in_buffer = sizeof self->output;
}

static void
on_output_start(j_compress_ptr writer)
{
    hand_over(writer->client_data, 0);
}

static boolean
on_output_full(j_compress_ptr writer)
{
    hand_over(writer->client_data, OUTPUT_BYTES);
    return TRUE;
}

static void
on_output_end(j_compress_ptr writer)
{
    fastjpeg *self = writer->client_data;

    hand_over(self, sizeof self->output - self->destination.free_in_buffer);
}

/* ---- life ------------------------------------------------------------------------- */

static void
create(fastjpeg *self)
{
    jpeg_create_decompress(&self->reader);
    jpeg_create_compress(&self->writer);
    self->reader.client_data = self;
    self->reader.progress = &self->progress;
    self->writer.client_data = self;
    self->writer.dest = &self->destination;
    jpeg_save_markers(&self->reader, EXIF_MARKER, MARKER_BYTES);
    jpeg_save_markers(&self->reader, ICC_MARKER, MARKER_BYTES);
}

fastjpeg *
fastjpeg_new(void)
{
    fastjpeg *self = calloc(1, sizeof *self);
    tl_error err = {0};

    if (!self)
        return NULL;
    self->reader.err = jpeg_std_error(&self->errors);
    self->writer.err = &self->errors;
    self->errors.error_exit = on_error;
    self->errors.emit_message = on_message;
    self->progress.progress_monitor = on_progress;
    self->destination.init_destination = on_output_start;
    self->destination.empty_output_buffer = on_output_full;
    self->destination.term_destination = on_output_end;
    self->reader.client_data = self; /* create() may fail before it sets them */
    self->writer.client_data = self;
    if (attempt(self, create, &err) != TL_OK)
        fastjpeg_destroy(&self);
    return self;
}

void
fastjpeg_destroy(fastjpeg **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    jpeg_destroy_decompress(&(*self_p)->reader);
    jpeg_destroy_compress(&(*self_p)->writer);
    free(*self_p);
    *self_p = NULL;
}

/* ---- reading ---------------------------------------------------------------------- */

static unsigned
orientation(const struct jpeg_decompress_struct *reader)
{
    for (jpeg_saved_marker_ptr at = reader->marker_list; at; at = at->next)
        if (at->marker == EXIF_MARKER) {
            unsigned found = exif_orientation(at->data, at->data_length);

            if (found != 1)
                return found;
        }
    return 1;
}

static bool
usual_colours(struct jpeg_decompress_struct *reader)
{
    JOCTET *profile = NULL;
    unsigned size = 0;

    if (reader->jpeg_color_space != JCS_GRAYSCALE &&
        reader->jpeg_color_space != JCS_YCbCr && reader->jpeg_color_space != JCS_RGB)
        return false;
    if (!jpeg_read_icc_profile(reader, &profile, &size))
        return true;

    bool srgb = icc_is_srgb(profile, size);
    free(profile);
    return srgb;
}

static void
open_step(fastjpeg *self)
{
    struct jpeg_decompress_struct *reader = &self->reader;

    jpeg_abort_decompress(reader); /* the last picture may have been left unread */
    self->ended = false;
    jpeg_mem_src(reader, self->bytes, self->size);
    (void) jpeg_read_header(reader, TRUE);
    self->header->size = (picture_size){reader->image_width, reader->image_height};
    self->header->orientation = orientation(reader);
    self->header->plain = usual_colours(reader);
    self->header->scans = jpeg_has_multiple_scans(reader);
}

tl_fault
fastjpeg_open(fastjpeg *self, const uint8_t *bytes, size_t size, fastjpeg_header *header,
              tl_error *err)
{
    self->bytes = bytes;
    self->size = size;
    self->header = header;
    return attempt(self, open_step, err);
}

static void
choose_scale(struct jpeg_decompress_struct *reader, picture_size target)
{
    reader->scale_denom = 8;
    for (reader->scale_num = 1; reader->scale_num < 8; reader->scale_num *= 2)
        if ((uint64_t) reader->image_width * reader->scale_num >= 16ULL * target.width &&
            (uint64_t) reader->image_height * reader->scale_num >= 16ULL * target.height)
            return;
}

static void
read_rows(struct jpeg_decompress_struct *reader, const pixels *out)
{
    while (reader->output_scanline < reader->output_height) {
        JSAMPROW rows[ROWS];
        uint32_t count = 0;

        while (count < ROWS && count < reader->output_height - reader->output_scanline) {
            rows[count] = pixels_row(out, reader->output_scanline + count);
            count++;
        }
        (void) jpeg_read_scanlines(reader, rows, count);
    }
}

static void
read_step(fastjpeg *self)
{
    struct jpeg_decompress_struct *reader = &self->reader;

    reader->out_color_space =
        reader->jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
    choose_scale(reader, self->target);
    (void) jpeg_start_decompress(reader);

    picture_size size = {reader->output_width, reader->output_height};
    if (pixels_shape(self->out, size, (uint32_t) reader->output_components, self->err) !=
        TL_OK) {
        (void) snprintf(self->text, sizeof self->text, "%.150s", self->err->text);
        give_up(self, TL_DECODE_MEMORY);
    }
    self->out->width =
        (double) reader->image_width * reader->scale_num / reader->scale_denom;
    self->out->height =
        (double) reader->image_height * reader->scale_num / reader->scale_denom;
    read_rows(reader, self->out);
    /* Not jpeg_finish_decompress: it looks for an end mark, which nobody misses. */
    jpeg_abort_decompress(reader);
}

tl_fault
fastjpeg_read(fastjpeg *self, picture_size target, pixels *out, tl_error *err)
{
    self->target = target;
    self->out = out;
    return attempt(self, read_step, err);
}

/* ---- writing ---------------------------------------------------------------------- */

static void
write_step(fastjpeg *self)
{
    struct jpeg_compress_struct *writer = &self->writer;
    const pixels *in = self->in;

    writer->image_width = in->size.width;
    writer->image_height = in->size.height;
    writer->input_components = (int) in->bands;
    writer->in_color_space = in->bands == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(writer);
    jpeg_set_quality(writer, QUALITY, TRUE);
    writer->optimize_coding = TRUE; /* an eighth fewer bytes for 3 % more time */
    jpeg_start_compress(writer, TRUE);
    while (writer->next_scanline < writer->image_height) {
        JSAMPROW row = pixels_row(in, writer->next_scanline);

        (void) jpeg_write_scanlines(writer, &row, 1);
    }
    jpeg_finish_compress(writer);
}

tl_fault
fastjpeg_write(fastjpeg *self, const pixels *in, tl_buf *out, tl_error *err)
{
    assert(in->bands == 1 || in->bands == 3);
    self->in = in;
    self->to = out;
    return attempt(self, write_step, err);
}
