#include "proto/log.h"
#include "proto/scope.h"
#include "proto/socket.h"
#include "sink/sink.h"

static const char program[] = "thumbline-sink";
static const char usage[] = "thumbline-sink --record FILE [OPTION...]";

int
main(int argc, char **argv)
{
    tl_error err = {0};
    tl_level level = TL_LOG_NOTE;
    int code = TL_EXIT_DONE;
    TL_SCOPED(tl_interrupt_close) tl_interrupt interrupt = {-1, -1, -1};
    TL_SCOPED(tl_options_destroy) tl_options *options = tl_options_new(TL_SINK);

    if (!options || tl_options_parse(options, argc, argv, &err) != TL_OK)
        return tl_exit(&err, program);
    if (tl_options_answered(options, usage, stdout))
        return TL_EXIT_DONE;
    if (tl_log_level(tl_text(options, TL_OPT_LOG_LEVEL), &level, &err) != TL_OK ||
        tl_interrupt_open(&interrupt, &err) != TL_OK)
        return tl_exit(&err, program);
    tl_log_show(level);
    tl_sockets_prepare();

    TL_SCOPED(sink_destroy) sink *self = sink_new(options, &interrupt, &err);
    if (!self || sink_run(self, &code, &err) != TL_OK)
        return tl_exit(&err, program);
    return code;
}
