#include <locale.h>

#include "proto/log.h"
#include "proto/scope.h"
#include "proto/socket.h"
#include "ventilator/ventilator.h"

static const char program[] = "thumbline-ventilator";
static const char usage[] = "thumbline-ventilator [OPTION...] LIST|-|LINK...";

int
main(int argc, char **argv)
{
    tl_error err = {0};
    tl_level level = TL_LOG_NOTE;
    int code = TL_EXIT_DONE;
    TL_SCOPED(tl_interrupt_close) tl_interrupt interrupt = {-1, -1, -1};
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_VENTILATOR);

    /* For host names beyond ASCII. */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no threads yet */
    (void) setlocale(LC_CTYPE, "C.UTF-8");
    if (!options || tl_options_parse(options, argc, argv, &err) != TL_OK)
        return tl_exit(&err, program);
    if (tl_options_answered(options, usage, stdout))
        return TL_EXIT_DONE;
    if (tl_log_level(tl_text(options, TL_OPT_LOG_LEVEL), &level, &err) != TL_OK ||
        tl_interrupt_open(&interrupt, &err) != TL_OK)
        return tl_exit(&err, program);
    tl_log_show(level);
    tl_sockets_prepare();

    TL_SCOPED(ventilator_destroy)
    ventilator *self = ventilator_new(options, &interrupt, &err);
    if (!self || ventilator_run(self, &code, &err) != TL_OK)
        return tl_exit(&err, program);
    return code;
}
