#include <stdio.h>

#include "proto/log.h"
#include "proto/options.h"
#include "proto/scope.h"
#include "worker/shrink/alone.h"
#include "worker/shrink/serve.h"

static const char program[] = "thumbline-shrink";

/* The picture is to blame for a fault that ends links: that is no trouble of ours. */
static int
leave(const tl_error *err)
{
    if (err->fault == TL_OK)
        return TL_EXIT_DONE;
    if (!tl_fault_ends_link(err->fault))
        return tl_exit(err, program);
    (void) fprintf(stderr, "%s: %s: %s\n", program, tl_fault_label(err->fault),
                   err->text);
    return TL_EXIT_SOME_FAILED;
}

int
main(int argc, char **argv)
{
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_SHRINK);
    tl_error err = {0};
    picture_size box;

    if (!options)
        return tl_exit(&(tl_error){TL_NO_MEMORY, "out of memory"}, program);
    if (tl_options_parse(options, argc, argv, &err) != TL_OK)
        return tl_exit(&err, program);
    if (tl_options_answered(options, "thumbline-shrink [options] <picture >thumbnail",
                            stdout))
        return TL_EXIT_DONE;
    if (tl_words(options) > 0) {
        (void) tl_fail(&err, TL_USAGE, "the picture comes on standard input, not as '%s'",
                       tl_word(options, 0));
        return tl_exit(&err, program);
    }

    tl_pixels(options, TL_OPT_SIZE, &box.width, &box.height);
    if (tl_flag(options, TL_OPT_SERVE))
        (void) serve(program, &err);
    else
        (void) alone(program, box, &err);
    return leave(&err);
}
