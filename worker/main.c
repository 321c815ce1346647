/* thumbline-worker: downloads and thumbnails what ventilators send. */
#include <locale.h>

#include "proto/interrupt.h"
#include "proto/log.h"
#include "proto/scope.h"
#include "proto/socket.h"
#include "worker/worker.h"

static const char program[] = "thumbline-worker";
static const char usage[] = "thumbline-worker --ventilator ENDPOINT [OPTION...]";

int
main(int argc, char **argv)
{
    tl_error err = {0};
    tl_level level = TL_LOG_NOTE;
    TL_SCOPED(tl_interrupt_close) tl_interrupt interrupt = {-1, -1, -1};
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_WORKER);

    /* Or no host may have an umlaut. No thread has been started yet. */
    (void) setlocale(LC_CTYPE, "C.UTF-8"); /* NOLINT(concurrency-mt-unsafe) */
    if (!options || tl_options_parse(options, argc, argv, &err) != TL_OK)
        return tl_exit(&err, program);
    if (tl_options_answered(options, usage, stdout))
        return TL_EXIT_DONE;
    if (tl_log_level(tl_text(options, TL_OPT_LOG_LEVEL), &level, &err) != TL_OK ||
        tl_interrupt_open(&interrupt, &err) != TL_OK)
        return tl_exit(&err, program);
    tl_log_show(level);
    tl_sockets_prepare();

    TL_SCOPED(worker_destroy) worker *self = worker_new(options, &interrupt, &err);
    if (!self)
        return tl_exit(&err, program);
    return worker_run(self) ? TL_EXIT_DONE : TL_EXIT_CUT_SHORT;
}
