#include "sink/sweep.h"

#include "sink/answer.h"

sweep
sweep_listed(const tl_listed *message)
{
    /* A first epoch has registered all there is. */
    return (sweep){.fault = TL_NOT_LISTED,
                   .before = message->keep ? 0 : message->epoch,
                   .more = !message->keep && message->epoch > 1,
                   .lines = message->lines};
}

sweep
sweep_stop(const tl_stop *message)
{
    bool known = message->fault != TL_OK && tl_fault_ends_link(message->fault);

    return (sweep){.fault = known ? message->fault : (uint64_t) TL_RUN_CANCELLED,
                   .before = STORE_ANY_EPOCH,
                   .more = true};
}

tl_fault
sweep_go_on(sweep *self, scribe *record, tl_error *err)
{
    bool listed = self->before != STORE_ANY_EPOCH;

    if (self->more && scribe_write_cancelled(record, self, err) != TL_OK)
        return err->fault;
    if (self->more)
        return TL_OK;
    if (listed && scribe_write_listed(record, self->before, self->lines, err) != TL_OK)
        return err->fault;
    self->fault = TL_OK;
    answer_heard(record, listed ? "listed" : "stop");
    return TL_OK;
}
