#include <string.h>

#include "proto/log.h"
#include "proto/scope.h"
#include "ventilator/fleet_state.h"

/* What workers say on CONTROL, and what it means to the ledger. */

enum { COMPLAIN_MS = 10000 /* between two lines about bad messages */ };

static tl_fault
on_hello(fleet *self, const tl_hello *message, zframe_t **peer_p, int64_t now_ms,
         tl_error *err)
{
    worker *from = fleet_meet(
        self, &(fleet_caller){message->worker, message->boot, peer_p}, now_ms, err);

    if (!from)
        return err->fault;
    from->slots = message->slots;
    fleet_answer(self, from);
    if (from->on_lane)
        fleet_drop_lane(self, from); /* it has forgotten the run, and all that it held */
    fleet_offer_lane(self, from);
    return TL_OK;
}

static size_t
unpack_ids(tl_list list, uint64_t *out)
{
    size_t count = 0;

    while (count < TL_BATCH_IDS && tl_list_next_id(&list, &out[count]))
        count++;
    return count;
}

static void
note_trouble(worker *of, tl_text_view trouble)
{
    char text[sizeof of->trouble];

    (void) tl_view_copy(trouble, text, sizeof text);
    if (strcmp(text, of->trouble) == 0)
        return;
    memcpy(of->trouble, text, sizeof text);
    if (*text)
        tl_log(TL_LOG_WARNING, "worker.trouble", "worker=%s: %s", of->name, text);
}

static ledger_lane
note_lane(fleet *self, worker *of, uint64_t number)
{
    /* A lane that broke never opens again, whatever the worker thinks of it. */
    if (of->lane && lane_is_broken(of->lane))
        fleet_drop_lane(self, of);

    bool ours = of->lane && number == lane_number(of->lane);
    if (!ours && of->on_lane)
        fleet_drop_lane(self, of); /* it broke on the worker's side */
    if (ours && !of->on_lane)
        tl_log(TL_LOG_NOTE, "lane.open", "worker=%s lane=%llu", of->name,
               (unsigned long long) number);
    of->on_lane = ours;
    return ours ? LEDGER_LANE_OURS : number == 0 ? LEDGER_LANE_NONE : LEDGER_LANE_OTHER;
}

/* A heartbeat of a run that is not ours: it has ended, forget it. Unless we don't know
 * yet which run is ours. */
static void
answer_stranger(fleet *self, zframe_t *peer, uint64_t run)
{
    tl_answer message = {.run = run, .over = self->run.run != 0};

    fleet_say(self, peer, &TL_ANSWER, &message);
}

static tl_fault
on_heartbeat(fleet *self, const tl_heartbeat *message, zframe_t **peer_p, int64_t now_ms,
             tl_error *err)
{
    if (self->run.run == 0 || message->run != self->run.run) {
        answer_stranger(self, *peer_p, message->run);
        return TL_OK;
    }
    worker *from = fleet_meet(
        self, &(fleet_caller){message->worker, message->boot, peer_p}, now_ms, err);
    if (!from)
        return err->fault;
    ledger_beat beat = {
        .lane = note_lane(self, from, message->lane),
        .draining = message->draining,
        .top = message->top,
        .slots = (uint32_t) message->slots,
        .held = self->held,
        .held_count = unpack_ids(message->held, self->held),
        .begun = self->begun,
        .begun_count = unpack_ids(message->begun, self->begun),
    };
    from->slots = message->slots;
    from->held = message->held.count;
    from->done = message->done;
    from->bytes = message->bytes;
    from->draining = message->draining;
    note_trouble(from, message->trouble);
    if (ledger_heartbeat(self->ledger, from->number, &beat, now_ms, err) != TL_OK)
        return err->fault;
    fleet_answer(self, from);
    if (!from->on_lane)
        fleet_offer_lane(self, from);
    return TL_OK;
}

static void
on_done(fleet *self, const tl_done *message, int64_t now_ms)
{
    const worker *from = tl_idmap_get(self->by_boot, message->boot);
    tl_list ids = message->ids;
    tl_list again = message->again;
    tl_again item;
    uint64_t id = 0;

    if (!from || message->run != self->run.run)
        return;
    while (tl_list_next_id(&ids, &id))
        ledger_done(self->ledger, from->number, id, now_ms);
    while (tl_list_next(&again, &TL_AGAIN, &item))
        ledger_again(self->ledger, from->number, &item, now_ms);
}

static void
on_returned(fleet *self, const tl_returned *message, int64_t now_ms)
{
    const worker *from = tl_idmap_get(self->by_boot, message->boot);
    tl_list ids = message->ids;
    uint64_t id = 0;

    if (!from || message->run != self->run.run)
        return;
    ledger_drain(self->ledger, from->number);
    while (tl_list_next_id(&ids, &id))
        ledger_returned(self->ledger, from->number, id, now_ms);
}

typedef union {
    tl_hello hello;
    tl_heartbeat heartbeat;
    tl_done done;
    tl_returned returned;
    uint8_t room[TL_MESSAGE_BYTES]; /* a peer may send any message */
} any_message;

static tl_fault
handle(fleet *self, zframe_t *frame, zframe_t **peer_p, int64_t now_ms, tl_error *err)
{
    any_message message;
    const void *bytes = zframe_data(frame);
    size_t size = zframe_size(frame);
    const tl_schema *schema = tl_peek(bytes, size, err);

    if (!schema || tl_decode(schema, &message, bytes, size, err) != TL_OK)
        return err->fault;
    if (schema == &TL_HEARTBEAT)
        return on_heartbeat(self, &message.heartbeat, peer_p, now_ms, err);
    if (schema == &TL_HELLO)
        return on_hello(self, &message.hello, peer_p, now_ms, err);
    if (schema == &TL_DONE_MESSAGE)
        on_done(self, &message.done, now_ms);
    else if (schema == &TL_RETURNED)
        on_returned(self, &message.returned, now_ms);
    else
        return tl_fail(err, TL_MALFORMED, "%s came on CONTROL", schema->name);
    return TL_OK;
}

/* One line now and then: a stranger must not fill our log. A peer of another version is
 * told, since it may know what to do about it; what is malformed is never answered. */
static void
refuse(fleet *self, zframe_t *peer, const tl_error *why, int64_t now_ms)
{
    tl_refused message = {tl_view(why->text)};

    if (why->fault == TL_VERSION)
        fleet_say(self, peer, &TL_REFUSED_MESSAGE, &message);
    bool first = self->refused++ == 0;
    if (!first && now_ms - self->complained_ms < COMPLAIN_MS)
        return;
    self->complained_ms = now_ms;
    tl_log(TL_LOG_WARNING, "control.refused", "messages=%llu: %s",
           (unsigned long long) self->refused, why->text);
}

tl_fault
fleet_receive(fleet *self, int64_t now_ms, tl_error *err)
{
    for (;;) {
        TL_SCOPED(zframe_destroy) zframe_t *peer = NULL;
        TL_SCOPED(zframe_destroy)
        zframe_t *frame = tl_router_receive(self->control, &peer, &self->refused);

        if (!frame)
            return TL_OK;
        tl_fault fault = handle(self, frame, &peer, now_ms, err);
        if (fault == TL_NO_MEMORY)
            return fault;
        if (fault != TL_OK)
            refuse(self, peer, err, now_ms);
    }
}
