#include "worker/shrink/alone.h"

#include <errno.h>
#include <unistd.h>

#include "proto/scope.h"
#include "worker/shrink/sandbox.h"
#include "worker/shrink/shrink.h"

enum {
    INPUT_BYTES = 32 << 20, /* the default of --body-cap */
    PIECE_BYTES = 64 << 10,
};

static tl_fault
read_input(tl_buf *image, tl_error *err)
{
    uint8_t piece[PIECE_BYTES];

    for (;;) {
        ssize_t got = read(STDIN_FILENO, piece, sizeof piece);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return tl_fail_errno(err, TL_SYSTEM, "reading standard input");
        if (got == 0)
            return TL_OK;
        if (tl_buf_add(image, piece, (size_t) got, err) != TL_OK)
            return tl_within(err, "standard input");
    }
}

static tl_fault
write_output(const tl_buf *thumb, tl_error *err)
{
    const uint8_t *at = tl_buf_bytes(thumb);
    size_t left = tl_buf_size(thumb);

    while (left > 0) {
        ssize_t wrote = write(STDOUT_FILENO, at, left);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return tl_fail_errno(err, TL_WRITE_FAILED, "writing standard output");
        at += wrote;
        left -= (size_t) wrote;
    }
    return TL_OK;
}

tl_fault
alone(const char *program, picture_size box, tl_error *err)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *image = tl_buf_new(INPUT_BYTES);
    TL_SCOPED(tl_buf_destroy) tl_buf *thumb = tl_buf_new(SIZE_MAX);
    picture_facts facts;

    if (!image || !thumb)
        return tl_fail(err, TL_NO_MEMORY, "starting");
    if (sandbox_enter(0, err) != TL_OK || read_input(image, err) != TL_OK)
        return err->fault;

    TL_SCOPED(shrinker_destroy)
    shrinker *self = shrinker_new(program, TL_EXIT_SOME_FAILED, err);
    shrink_job job = {
        .bytes = tl_buf_bytes(image), .size = tl_buf_size(image), .box = box};
    if (!self || sandbox_allow_cpu(err) != TL_OK ||
        shrink(self, &job, thumb, &facts, err) != TL_OK)
        return err->fault;
    return write_output(thumb, err);
}
