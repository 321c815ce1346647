#include "worker/shrink/picture.h"

static const struct {
    const char *label;
    const char *suffix;
} kinds[PICTURE_KINDS] = {
    [PICTURE_NONE] = {"none", ""},     [PICTURE_JPEG] = {"jpeg", "jpg"},
    [PICTURE_PNG] = {"png", "png"},    [PICTURE_GIF] = {"gif", "gif"},
    [PICTURE_WEBP] = {"webp", "webp"}, [PICTURE_AVIF] = {"avif", "avif"},
    [PICTURE_TIFF] = {"tiff", "tif"},
};

const char *
picture_label(picture_kind kind)
{
    return kinds[(unsigned) kind < PICTURE_KINDS ? kind : PICTURE_NONE].label;
}

const char *
picture_suffix(picture_kind kind)
{
    return kinds[(unsigned) kind < PICTURE_KINDS ? kind : PICTURE_NONE].suffix;
}

/* Browsers do not show TIFF, and AVIF takes a hundred times longer to write than JPEG. */
picture_kind
picture_thumb_kind(picture_kind kind, bool alpha)
{
    if (kind == PICTURE_JPEG || kind == PICTURE_AVIF || kind == PICTURE_TIFF)
        return alpha ? PICTURE_PNG : PICTURE_JPEG;
    return kind;
}

static double
distance(double a, double b)
{
    return a < b ? b - a : a - b;
}

/* The whole number beside `exact` with which the picture keeps its shape best, which is
 * not always the nearest one. `side` is the other side; `tall` says that it is the
 * height. */
static uint32_t
round_to_shape(double exact, double side, double shape, bool tall)
{
    uint32_t less = (uint32_t) exact;
    uint32_t more = less + 1;

    if (less == 0)
        return 1;
    double with_less = tall ? less / side : side / less;
    double with_more = tall ? more / side : side / more;
    return distance(shape, with_less) <= distance(shape, with_more) ? less : more;
}

picture_size
picture_fit(picture_size picture, picture_size box)
{
    if (picture.width <= box.width && picture.height <= box.height)
        return picture;

    double shape = (double) picture.width / picture.height;
    picture_size fit = box;

    if ((double) box.width / box.height >= shape)
        fit.width = round_to_shape(box.height * shape, box.height, shape, true);
    else
        fit.height = round_to_shape(box.width / shape, box.width, shape, false);
    return fit;
}
