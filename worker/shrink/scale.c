#include "worker/shrink/scale.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"

enum {
    LOBES = 3,
    WEIGHT_BITS = 14, /* weights of a pixel sum up to 1 << 14; sample times weight then
                         fits into 22 bits and any sum of them into 32 */
    ONE = 1 << WEIGHT_BITS,
};

/* One axis: which input samples make an output sample, and how much each counts. */
typedef struct {
    uint32_t *first; /* of the input, for each output sample */
    uint32_t *count;
    int16_t *weights; /* `most` for each output sample */
    uint32_t most;
    double *exact; /* of one output sample, while they are made */
} kernel;

static void
kernel_destroy(kernel *self)
{
    free(self->first);
    free(self->count);
    free(self->weights);
    free(self->exact);
}

/* sin(pi x) comes from sin(pi x / 3): a thumbnail takes some thousand of them. */
static double
lanczos(double x)
{
    if (fabs(x) < 1e-9)
        return 1;
    if (fabs(x) >= LOBES)
        return 0;

    double third = sin(M_PI / LOBES * x);
    double whole = 3 * third - 4 * third * third * third;
    return LOBES * third * whole / (M_PI * M_PI * x * x);
}

/* The weights of one output sample. The running sum is rounded, not each weight: so they
 * always add up to ONE, even where thousands of them are each less than one unit. */
static void
weigh(int16_t *weights, double *exact, uint32_t count, double start, double ratio)
{
    double total = 0;
    double sum = 0;
    long before = 0;

    for (uint32_t i = 0; i < count; i++)
        total += exact[i] = lanczos((start + i) / ratio);
    for (uint32_t i = 0; i < count; i++) {
        sum += exact[i];
        long now = lrint(sum / total * ONE);
        weights[i] = (int16_t) (now - before);
        before = now;
    }
}

/* `in` samples, of which the picture covers `extent`. */
static tl_fault
kernel_make(kernel *self, uint32_t in, double extent, uint32_t out, tl_error *err)
{
    double ratio = extent / out;
    double reach = LOBES * ratio;

    assert(ratio >= 1);
    self->most = (uint32_t) ceil(reach) * 2 + 2;
    self->first = calloc(out, sizeof *self->first);
    self->count = calloc(out, sizeof *self->count);
    self->weights = malloc((size_t) out * self->most * sizeof *self->weights);
    self->exact = malloc(self->most * sizeof *self->exact);
    if (!self->first || !self->count || !self->weights || !self->exact)
        return tl_fail(err, TL_DECODE_MEMORY, "weights to scale %u to %u", in, out);

    for (uint32_t i = 0; i < out; i++) {
        double centre = (i + 0.5) * ratio;
        double from = fmax(0, ceil(centre - reach - 0.5));
        double to = fmin(in, floor(centre + reach - 0.5) + 1);

        self->first[i] = (uint32_t) from;
        self->count[i] = (uint32_t) (to - from);
        weigh(self->weights + (size_t) i * self->most, self->exact, self->count[i],
              from + 0.5 - centre, ratio);
    }
    return TL_OK;
}

static uint8_t
sample(int32_t sum)
{
    sum = (sum + ONE / 2) >> WEIGHT_BITS;
    return (uint8_t) (sum < 0 ? 0 : sum > UINT8_MAX ? UINT8_MAX : sum);
}

enum { SUMS = 240 }; /* stay in the first-level cache; whole pixels of 1 to 4 bands */

/* Some columns of the rows that make one output row. */
typedef struct {
    const uint8_t *top;
    size_t stride;
    size_t width; /* at most SUMS */
    const int16_t *weights;
    uint32_t count;
} window;

/* Two rows at a time, so that a sum is loaded and stored half as often. */
static void
sum_up(window from, int32_t *sums)
{
    const uint8_t *row = from.top;
    const int16_t *weights = from.weights;

    for (size_t x = 0; x < from.width; x++)
        sums[x] = 0;
    for (; from.count >= 2; from.count -= 2, weights += 2, row += 2 * from.stride)
        for (size_t x = 0; x < from.width; x++)
            sums[x] += weights[0] * row[x] + weights[1] * row[from.stride + x];
    if (from.count > 0)
        for (size_t x = 0; x < from.width; x++)
            sums[x] += weights[0] * row[x];
}

/* Scale down in height and lay the result on its side: what was a row becomes a column.
 * Done twice, it scales both ways and stands upright again, and both passes run along
 * memory with the same weight for a whole row, which is what vector units are good at. */
static void
scale_and_turn(const pixels *in, const kernel *rows, pixels *out)
{
    size_t stride = pixels_stride(in);
    size_t step = pixels_stride(out);
    uint32_t bands = in->bands;
    int32_t sums[SUMS] = {0};

    for (uint32_t y = 0; y < out->size.width; y++) {
        const uint8_t *top = pixels_row(in, rows->first[y]);
        const int16_t *weights = rows->weights + (size_t) y * rows->most;
        uint8_t *to = out->bytes + (size_t) y * bands;

        for (size_t left = 0; left < stride; left += SUMS) {
            size_t width = stride - left < SUMS ? stride - left : SUMS;

            sum_up((window){top + left, stride, width, weights, rows->count[y]}, sums);
            for (size_t x = 0; x < width; x += bands, to += step)
                for (uint32_t band = 0; band < bands; band++)
                    to[band] = sample(sums[x + band]);
        }
    }
}

tl_fault
scale(const pixels *in, picture_size size, pixels *between, pixels *out, tl_error *err)
{
    TL_SCOPED(kernel_destroy) kernel rows = {0};
    TL_SCOPED(kernel_destroy) kernel columns = {0};
    picture_size lying = {size.height, in->size.width};

    if (kernel_make(&rows, in->size.height, in->height, size.height, err) != TL_OK ||
        kernel_make(&columns, in->size.width, in->width, size.width, err) != TL_OK ||
        pixels_shape(between, lying, in->bands, err) != TL_OK ||
        pixels_shape(out, size, in->bands, err) != TL_OK)
        return err->fault;

    scale_and_turn(in, &rows, between);
    scale_and_turn(between, &columns, out);
    return TL_OK;
}
