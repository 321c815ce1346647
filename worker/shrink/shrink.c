#include "worker/shrink/shrink.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>

#include "proto/scope.h"
#include "worker/shrink/anykind.h"
#include "worker/shrink/fastjpeg.h"
#include "worker/shrink/magic.h"
#include "worker/shrink/scale.h"
#include "worker/shrink/webp.h"

/* Judged by the header, before anything is allocated for pixels. */
enum {
    SIDE_PIXELS = 65500, /* libjpeg's limit, too */
    BANDS = 5,
    PIXELS = 100 * 1000 * 1000,
    PIXELS_REDUCED = 300 * 1000 * 1000, /* baseline JPEG is decoded at an eighth */
    PIXELS_WHOLE = 50 * 1000 * 1000,    /* decoders that hold the whole picture */
};

struct shrinker {
    fastjpeg *jpeg;
    pixels decoded;
    pixels between;
    pixels scaled;
    pixels upright;
};

/* ---- life ------------------------------------------------------------------------- */

/* malloc gives pages back after each picture by default, and takes as long to get them
 * again as the picture takes. One arena: there is one thread that matters. */
static void
keep_pages(void)
{
    /* NOLINTBEGIN(concurrency-mt-unsafe): there are no other threads yet */
    (void) mallopt(M_MMAP_THRESHOLD, 32 << 20);
    (void) mallopt(M_TRIM_THRESHOLD, 64 << 20);
    (void) mallopt(M_TOP_PAD, 16 << 20);
    (void) mallopt(M_ARENA_MAX, 1);
    /* NOLINTEND(concurrency-mt-unsafe) */
}

/* The first picture makes libvips register its operations and libjpeg its tables. */
static tl_fault
warm_up(shrinker *self, tl_error *err)
{
    static const uint8_t gif[] =
        "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0"
        "\2\2D\1\0;";
    shrink_job job = {gif, sizeof gif - 1, {1, 1}, false};
    TL_SCOPED(tl_buf_destroy) tl_buf *thumb = tl_buf_new(1 << 16);
    picture_facts facts;

    if (!thumb)
        return tl_fail(err, TL_NO_MEMORY, "warming up");
    if (shrink(self, &job, thumb, &facts, err) == TL_OK)
        return TL_OK;
    err->fault = TL_CANNOT_START;
    return tl_within(err, "the first picture");
}

shrinker *
shrinker_new(const char *program, int memory_status, tl_error *err)
{
    keep_pages();
    if (anykind_start(program, memory_status, err) != TL_OK)
        return NULL;

    TL_SCOPED(shrinker_destroy) shrinker *self = calloc(1, sizeof *self);
    if (!self || !(self->jpeg = fastjpeg_new())) {
        (void) tl_fail(err, TL_NO_MEMORY, "a shrinker");
        return NULL;
    }
    return warm_up(self, err) == TL_OK ? TL_GIVE(self) : NULL;
}

void
shrinker_destroy(shrinker **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    fastjpeg_destroy(&(*self_p)->jpeg);
    pixels_destroy(&(*self_p)->decoded);
    pixels_destroy(&(*self_p)->between);
    pixels_destroy(&(*self_p)->scaled);
    pixels_destroy(&(*self_p)->upright);
    free(*self_p);
    *self_p = NULL;
    anykind_stop();
}

/* ---- guards ----------------------------------------------------------------------- */

static tl_fault
check_size(picture_size size, uint64_t most, tl_error *err)
{
    if (size.width > SIDE_PIXELS || size.height > SIDE_PIXELS)
        return tl_fail(err, TL_TOO_MANY_PIXELS, "%ux%u, a side may have %d", size.width,
                       size.height, SIDE_PIXELS);
    if ((uint64_t) size.width * size.height > most)
        return tl_fail(err, TL_TOO_MANY_PIXELS, "%ux%u is more than %u megapixels",
                       size.width, size.height, (unsigned) (most / 1000000));
    if (size.width == 0 || size.height == 0)
        return tl_fail(err, TL_DECODE_FAILED, "it has no pixels");
    return TL_OK;
}

static picture_size
turned(picture_size size, bool lies)
{
    return lies ? (picture_size){size.height, size.width} : size;
}

/* ---- the two ways ----------------------------------------------------------------- */

/* What both ways need and find out. */
typedef struct {
    shrinker *self;
    const shrink_job *job;
    tl_buf *thumb;
    picture_facts *facts;
} work;

static tl_fault
write_thumb(const work *at, const pixels *in, tl_error *err)
{
    picture_kind kind = at->facts->thumb_kind;

    if (kind == PICTURE_JPEG)
        return fastjpeg_write(at->self->jpeg, in, at->thumb, err);
    if (kind == PICTURE_WEBP)
        return webp_write(in, at->thumb, err);
    return anykind_write(in, kind, at->thumb, err);
}

/* Before libvips opens it, where that alone would allocate by the size. */
static tl_fault
check_webp(const work *at, tl_error *err)
{
    if (webp_size(at->job->bytes, at->job->size, &at->facts->size, err) != TL_OK)
        return err->fault;
    return check_size(at->facts->size, PIXELS_WHOLE, err);
}

static tl_fault
by_libvips(const work *at, tl_error *err)
{
    picture_facts *facts = at->facts;
    anykind_job job = {
        .kind = facts->kind, .bytes = at->job->bytes, .size = at->job->size};
    pixels *out = &at->self->upright;

    if (facts->kind == PICTURE_WEBP && check_webp(at, err) != TL_OK)
        return err->fault;
    if (anykind_open(job.kind, job.bytes, job.size, &job.header, err) != TL_OK)
        return err->fault;
    facts->size = turned(job.header.size, job.header.lies);
    /* A JPEG's size has been judged before, by what its own decoder needs. */
    if (facts->kind != PICTURE_JPEG &&
        check_size(facts->size, job.header.whole ? PIXELS_WHOLE : PIXELS, err) != TL_OK)
        return err->fault;
    if (job.header.bands > BANDS)
        return tl_fail(err, TL_DECODE_FAILED, "%u bands", job.header.bands);

    facts->thumb_size = job.target = picture_fit(facts->size, at->job->box);
    if (anykind_read(&job, out, err) != TL_OK)
        return err->fault;
    facts->thumb_kind = picture_thumb_kind(facts->kind, out->bands % 2 == 0);
    return write_thumb(at, out, err);
}

/* What was opened is a plain JPEG. */
static tl_fault
by_libjpeg(const work *at, const fastjpeg_header *header, tl_error *err)
{
    shrinker *self = at->self;
    picture_facts *facts = at->facts;
    bool lies = pixels_lie(header->orientation);
    const pixels *out = &self->decoded;

    facts->thumb_kind = PICTURE_JPEG;
    facts->thumb_size = picture_fit(facts->size, at->job->box);

    picture_size target = turned(facts->thumb_size, lies);
    if (fastjpeg_read(self->jpeg, target, &self->decoded, err) != TL_OK)
        return err->fault;
    if (out->size.width != target.width || out->size.height != target.height) {
        if (scale(out, target, &self->between, &self->scaled, err) != TL_OK)
            return err->fault;
        out = &self->scaled;
    }
    if (header->orientation != 1) {
        if (pixels_turn(out, header->orientation, &self->upright, err) != TL_OK)
            return err->fault;
        out = &self->upright;
    }
    return write_thumb(at, out, err);
}

static tl_fault
from_jpeg(const work *at, tl_error *err)
{
    fastjpeg_header header;

    if (fastjpeg_open(at->self->jpeg, at->job->bytes, at->job->size, &header, err) !=
        TL_OK)
        return err->fault;
    at->facts->size = turned(header.size, pixels_lie(header.orientation));
    if (check_size(at->facts->size, header.scans ? PIXELS_WHOLE : PIXELS_REDUCED, err) !=
        TL_OK)
        return err->fault;
    return header.plain && !at->job->plainly ? by_libjpeg(at, &header, err)
                                             : by_libvips(at, err);
}

tl_fault
shrink(shrinker *self, const shrink_job *job, tl_buf *thumb, picture_facts *facts,
       tl_error *err)
{
    work at = {self, job, thumb, facts};

    *facts = (picture_facts){0};
    if (magic_check(job->bytes, job->size, &facts->kind, err) != TL_OK)
        return err->fault;

    tl_fault fault =
        facts->kind == PICTURE_JPEG ? from_jpeg(&at, err) : by_libvips(&at, err);
    pixels_trim(&self->decoded);
    pixels_trim(&self->between);
    pixels_trim(&self->scaled);
    pixels_trim(&self->upright);
    return fault;
}
