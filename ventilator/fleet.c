#include "ventilator/fleet.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/log.h"
#include "proto/scope.h"
#include "ventilator/fleet_state.h"

enum { FACTS_ROOM_BYTES = TL_TEXT_BYTES + 256 /* for one worker's, at most */ };

void
fleet_destroy(fleet **self_p)
{
    assert(self_p);
    fleet *self = *self_p;

    if (!self)
        return;
    for (size_t i = 0; i < self->numbers; i++)
        fleet_destroy_worker(&self->by_number[i]);
    free(self->by_number);
    tl_idmap_destroy(&self->by_boot);
    tl_buf_destroy(&self->frame);
    tl_buf_destroy(&self->options);
    zsock_destroy(&self->control);
    free(self);
    *self_p = NULL;
}

static tl_fault
pack_options(fleet *self, tl_error *err)
{
    const char *name = NULL;
    const char *value = NULL;

    while (tl_options_run_at(self->settings.options, self->option_count, &name, &value)) {
        tl_run_option option = {tl_view(name), tl_view(value)};

        if (tl_list_add(self->options, &TL_RUN_OPTION, &option, err) != TL_OK)
            return tl_within(err, "--%s", name);
        self->option_count++;
    }
    return TL_OK;
}

fleet *
fleet_new(const fleet_settings *settings, ledger *into, tl_error *err)
{
    TL_SCOPED(fleet_destroy) fleet *self = calloc(1, sizeof *self);

    if (self) {
        self->settings = *settings;
        self->ledger = into;
        self->by_boot = tl_idmap_new();
        self->frame = tl_buf_new(TL_FRAME_BYTES);
        self->options = tl_buf_new(TL_BATCH_BYTES);
    }
    if (!self || !self->by_boot || !self->frame || !self->options) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for the fleet");
        return NULL;
    }
    if (lane_ports_check(settings->lanes, err) != TL_OK ||
        pack_options(self, err) != TL_OK)
        return NULL;
    self->control = tl_socket_bind(TL_CONTROL_ROUTER, settings->control,
                                   settings->insecure, self->endpoint, err);
    if (!self->control) {
        (void) tl_within(err, "--control");
        return NULL;
    }
    return TL_GIVE(self);
}

zsock_t *
fleet_socket(const fleet *self)
{
    return self->control;
}

/* ---- saying ----------------------------------------------------------------------- */

void
fleet_say(fleet *self, zframe_t *peer, const tl_schema *schema, const void *message)
{
    tl_error err = {0};

    tl_buf_clear(self->frame);
    if (tl_encode(schema, message, self->frame, &err) == TL_OK)
        (void) tl_router_send(self->control, peer, tl_buf_bytes(self->frame),
                              tl_buf_size(self->frame));
    else
        tl_log(TL_LOG_WARNING, "control.unsaid", "%s", err.text);
}

void
fleet_answer(fleet *self, const worker *to)
{
    tl_answer message = {
        .run = self->run.run,
        .cancel = self->cancelled,
        .over = self->over,
    };

    fleet_say(self, to->peer, &TL_ANSWER, &message);
}

static void
answer_all(fleet *self)
{
    for (size_t i = 0; i < self->numbers; i++)
        if (self->by_number[i])
            fleet_answer(self, self->by_number[i]);
}

void
fleet_cancel(fleet *self)
{
    self->cancelled = true;
    answer_all(self);
}

void
fleet_over(fleet *self)
{
    self->over = true;
    answer_all(self);
}

static bool
is_same(tl_text_view a, tl_text_view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

void
fleet_open(fleet *self, const tl_opened *opened)
{
    const tl_opened *before = &self->run;
    /* A grant for a lane that a worker has already changes nothing, so a sink that has
     * come back at another place takes new lanes. */
    bool moved = before->run != 0 && (before->report_port != opened->report_port ||
                                      !is_same(before->report_path, opened->report_path));

    self->run = *opened;
    for (size_t i = 0; i < self->numbers; i++) {
        if (moved && self->by_number[i])
            fleet_drop_lane(self, self->by_number[i]);
        if (self->by_number[i] && !self->by_number[i]->on_lane)
            fleet_offer_lane(self, self->by_number[i]);
    }
}

bool
fleet_send(fleet *self, const ledger_action *action)
{
    tl_error err = {0};
    tl_task task = {
        .id = action->id,
        .seq = action->seq,
        .attempt = action->attempt,
        .last = action->last,
        .url = action->url,
        .name = action->name,
        .key = {(const char *) action->key, TL_KEY_BYTES},
    };
    const worker *to = self->by_number[action->worker];

    assert(to); /* the ledger's workers are ours */
    if (!to->lane)
        return false;
    tl_buf_clear(self->frame);
    /* The ledger's links came from messages with these limits, so only memory can fail.
     */
    return tl_encode(&TL_TASK, &task, self->frame, &err) == TL_OK &&
           lane_send(to->lane, self->frame);
}

/* ---- facts ------------------------------------------------------------------------ */

size_t
fleet_size(const fleet *self)
{
    return tl_idmap_size(self->by_boot);
}

tl_list
fleet_facts(const fleet *self, tl_buf *items)
{
    size_t count = 0;
    tl_error err = {0};

    tl_buf_clear(items);
    for (size_t i = 0; i < self->numbers && count < TL_BATCH_LINKS; i++) {
        const worker *each = self->by_number[i];

        if (!each)
            continue;
        tl_worker_facts facts = {
            .worker = tl_view(each->name),
            .slots = each->slots,
            .held = each->held,
            .done = each->done,
            .bytes = each->bytes,
            .trouble = tl_view(each->trouble),
        };
        /* Displays take what fits into a message. */
        if (tl_buf_size(items) + FACTS_ROOM_BYTES > TL_BATCH_BYTES ||
            tl_list_add(items, &TL_WORKER_FACTS, &facts, &err) != TL_OK)
            break;
        count++;
    }
    return tl_list_of(items, count);
}
