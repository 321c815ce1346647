/* shrink: both ways through the door come to the same. What pictures of all kinds turn
 * into is looked at from outside, by tests/flow/test_shrink.py. */
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "worker/shrink/fastjpeg.h"
#include "worker/shrink/shrink.h"

enum { ROOM = 16 << 20 };

typedef struct {
    shrinker *shrinker;
    fastjpeg *jpeg;
    tl_buf *picture;
} fixture;

static int
set_up(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    tl_error err = {0};

    assert_non_null(self);
    self->shrinker = shrinker_new("test", EXIT_FAILURE, &err);
    self->jpeg = fastjpeg_new();
    self->picture = tl_buf_new(ROOM);
    if (!self->shrinker)
        fail_msg("%s", err.text);
    assert_true(self->jpeg && self->picture);
    *state = self;
    return 0;
}

static int
tear_down(void **state)
{
    fixture *self = *state;

    tl_buf_destroy(&self->picture);
    fastjpeg_destroy(&self->jpeg);
    shrinker_destroy(&self->shrinker);
    free(self);
    return 0;
}

/* Waves that get shorter to the right, and a little colour. */
static void
make_picture(const fixture *self, uint32_t width, uint32_t height, uint32_t bands)
{
    TL_SCOPED(pixels_destroy) pixels in = {0};
    tl_error err;

    assert_int_equal(pixels_shape(&in, (picture_size){width, height}, bands, &err),
                     TL_OK);
    for (uint32_t y = 0; y < height; y++)
        for (uint32_t x = 0; x < width * bands; x++) {
            uint32_t at = x / bands;
            uint32_t wave = at * at / 4000 + y * 2 + x % bands * 20;

            pixels_row(&in, y)[x] =
                (uint8_t) (wave % 512 < 256 ? wave % 256 : 255 - wave % 256);
        }
    tl_buf_clear(self->picture);
    assert_int_equal(fastjpeg_write(self->jpeg, &in, self->picture, &err), TL_OK);
}

static tl_fault
thumbnail(const fixture *self, bool plainly, tl_buf *thumb, picture_facts *facts)
{
    shrink_job job = {
        tl_buf_bytes(self->picture), tl_buf_size(self->picture), {128, 128}, plainly};
    tl_error err = {0};

    return shrink(self->shrinker, &job, thumb, facts, &err);
}

/* The pixels of a thumbnail, whole. */
static void
look(const fixture *self, const tl_buf *thumb, pixels *out)
{
    fastjpeg_header header;
    tl_error err;

    assert_int_equal(
        fastjpeg_open(self->jpeg, tl_buf_bytes(thumb), tl_buf_size(thumb), &header, &err),
        TL_OK);
    assert_int_equal(fastjpeg_read(self->jpeg, header.size, out, &err), TL_OK);
}

static double
mean_difference(const pixels *one, const pixels *other)
{
    size_t size = pixels_stride(one) * one->size.height;
    double sum = 0;

    assert_int_equal(size, pixels_stride(other) * other->size.height);
    for (size_t i = 0; i < size; i++)
        sum += abs(one->bytes[i] - other->bytes[i]);
    return sum / (double) size;
}

static void
the_fast_way_and_libvips_agree(void **state)
{
    static const struct {
        uint32_t width, height, bands;
    } cases[] = {
        {1200, 800, 3}, {1200, 800, 1}, {3000, 2000, 3}, {300, 200, 3}, {257, 255, 3},
        {129, 128, 3},  {100, 60, 3},   {300, 2000, 3},  {2000, 9, 1},  {1, 1, 3},
    };
    const fixture *self = *state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TL_SCOPED(tl_buf_destroy) tl_buf *fast = tl_buf_new(ROOM);
        TL_SCOPED(tl_buf_destroy) tl_buf *plain = tl_buf_new(ROOM);
        TL_SCOPED(pixels_destroy) pixels one = {0};
        TL_SCOPED(pixels_destroy) pixels other = {0};
        picture_facts facts;
        picture_facts plain_facts;

        make_picture(self, cases[i].width, cases[i].height, cases[i].bands);
        assert_int_equal(thumbnail(self, false, fast, &facts), TL_OK);
        assert_int_equal(thumbnail(self, true, plain, &plain_facts), TL_OK);
        assert_memory_equal(&facts, &plain_facts, sizeof facts);
        assert_int_equal(facts.size.width, cases[i].width);
        look(self, fast, &one);
        look(self, plain, &other);
        assert_int_equal(one.bands, cases[i].bands);
        assert_int_equal(one.size.width, facts.thumb_size.width);
        if (mean_difference(&one, &other) > 2)
            fail_msg("%ux%u: %f", cases[i].width, cases[i].height,
                     mean_difference(&one, &other));
    }
}

static void
a_picture_cut_off_anywhere_is_a_fault_and_the_next_is_fine(void **state)
{
    const fixture *self = *state;
    TL_SCOPED(tl_buf_destroy) tl_buf *thumb = tl_buf_new(ROOM);
    picture_facts facts;
    tl_error err;

    make_picture(self, 300, 200, 3);
    for (size_t size = 0; size + 64 < tl_buf_size(self->picture); size += 97) {
        shrink_job job = {tl_buf_bytes(self->picture), size, {128, 128}, false};
        tl_fault fault = shrink(self->shrinker, &job, thumb, &facts, &err);

        assert_int_equal(fault, size == 0 ? TL_NOT_AN_IMAGE : TL_TRUNCATED);
        tl_buf_clear(thumb);
        assert_int_equal(thumbnail(self, false, thumb, &facts), TL_OK);
    }
}

static void
damage_in_the_middle_is_never_worse_than_a_fault(void **state)
{
    const fixture *self = *state;
    TL_SCOPED(tl_buf_destroy) tl_buf *thumb = tl_buf_new(ROOM);
    TL_SCOPED(tl_buf_destroy) tl_buf *damaged = tl_buf_new(ROOM);
    picture_facts facts;
    tl_error err = {0};
    uint32_t seed = 1;

    make_picture(self, 200, 100, 3);
    for (int i = 0; i < 300; i++) {
        const uint8_t *bytes = tl_buf_bytes(self->picture);
        size_t size = tl_buf_size(self->picture);

        seed = seed * 1103515245 + 12345;
        size_t at = seed % size;
        uint8_t byte = (uint8_t) (seed >> 24);
        tl_buf_clear(damaged);
        tl_buf_clear(thumb);
        assert_int_equal(tl_buf_add(damaged, bytes, at, &err), TL_OK);
        assert_int_equal(tl_buf_add(damaged, &byte, 1, &err), TL_OK);
        assert_int_equal(tl_buf_add(damaged, bytes + at + 1, size - at - 1, &err), TL_OK);

        shrink_job job = {tl_buf_bytes(damaged), size, {128, 128}, i % 2 == 1};
        if (shrink(self->shrinker, &job, thumb, &facts, &err) != TL_OK)
            assert_in_range(err.fault, TL_NOT_AN_IMAGE, TL_ENCODE_FAILED);
    }
}

static void
a_thumbnail_that_does_not_fit_its_buffer_is_a_fault(void **state)
{
    const fixture *self = *state;
    TL_SCOPED(tl_buf_destroy) tl_buf *thumb = tl_buf_new(100);
    picture_facts facts;

    make_picture(self, 300, 200, 3);
    assert_int_equal(thumbnail(self, false, thumb, &facts), TL_ENCODE_FAILED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fast_way_and_libvips_agree),
        cmocka_unit_test(a_picture_cut_off_anywhere_is_a_fault_and_the_next_is_fine),
        cmocka_unit_test(damage_in_the_middle_is_never_worse_than_a_fault),
        cmocka_unit_test(a_thumbnail_that_does_not_fit_its_buffer_is_a_fault),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
