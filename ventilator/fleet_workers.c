#include <stdlib.h>
#include <string.h>

#include "proto/log.h"
#include "proto/scope.h"
#include "ventilator/fleet_state.h"

/* Who is there: workers join, get lanes, fall silent and leave. */

enum { LANE_GRACE_MS = 2000 /* a worker whose lane broke may still say what it holds */ };

void
fleet_destroy_worker(worker **self_p)
{
    worker *self = *self_p;

    if (!self)
        return;
    lane_destroy(&self->lane);
    zframe_destroy(&self->peer);
    free(self);
    *self_p = NULL;
}

/* ---- lanes ------------------------------------------------------------------------ */

void
fleet_drop_lane(fleet *self, worker *of)
{
    lane_destroy(&of->lane);
    of->on_lane = false;
    of->broken_ms = -1;
    ledger_close(self->ledger, of->number);
}

static void
make_lane(fleet *self, worker *to)
{
    tl_error err = {0};
    /* Lanes of two epochs never share a number, so stale heartbeats fit none. */
    uint64_t number = self->run.epoch << 32 | ++self->lanes;

    to->lane = lane_new(self->endpoint, self->settings.lanes, number,
                        self->settings.insecure, &err);
    if (!to->lane && !to->laneless)
        tl_log(TL_LOG_WARNING, "lane.failed", "worker=%s: %s", to->name, err.text);
    to->laneless = !to->lane;
}

/* REPORT's host as a worker on this lane reaches it; "" is the one that it dialled. */
static void
find_report_host(const fleet *self, const lane *on, char host[TL_ENDPOINT_BYTES])
{
    const char *address = self->settings.report_address;

    host[0] = '\0';
    if (*address)
        (void) tl_view_copy(tl_view(address), host, TL_ENDPOINT_BYTES);
    else if (lane_port(on) == 0 || !tl_endpoint_is_loopback(self->settings.sink))
        (void) tl_endpoint_host(self->settings.sink, host, TL_ENDPOINT_BYTES);
}

void
fleet_offer_lane(fleet *self, worker *to)
{
    char host[TL_ENDPOINT_BYTES];

    if (!self->run.run || self->cancelled || self->over || to->draining)
        return;
    if (to->lane && lane_is_broken(to->lane))
        fleet_drop_lane(self, to);
    if (!to->lane)
        make_lane(self, to);
    if (!to->lane)
        return;
    find_report_host(self, to->lane, host);
    tl_grant message = {
        .run = self->run.run,
        .epoch = self->run.epoch,
        .lane = lane_number(to->lane),
        .port = lane_port(to->lane),
        .path = tl_view(lane_path(to->lane)),
        .report_port = self->run.report_port,
        .report_host = tl_view(host),
        .report_path = self->run.report_path,
        .report_key = self->run.report_key,
        .options = tl_list_of(self->options, self->option_count),
    };
    fleet_say(self, to->peer, &TL_GRANT, &message);
}

/* ---- coming and going ------------------------------------------------------------- */

static void
lose(fleet *self, worker *gone, const char *event, const char *why, int64_t now_ms)
{
    size_t held = ledger_unfinished(self->ledger, gone->number);

    tl_log(held ? TL_LOG_WARNING : TL_LOG_NOTE, event, "worker=%s links=%zu: %s",
           gone->name, held, why);
    ledger_leave(self->ledger, gone->number, now_ms);
    tl_idmap_drop(self->by_boot, gone->boot);
    self->by_number[gone->number] = NULL;
    fleet_destroy_worker(&gone);
}

/* A new start of the same worker: whatever the old one had is gone. But if the old one
 * speaks on, there are two of that name, and both may stay. */
static void
replace_older(fleet *self, worker *newer, int64_t now_ms)
{
    for (size_t i = 0; i < self->numbers; i++) {
        worker *each = self->by_number[i];

        if (!each || each == newer || strcmp(each->name, newer->name) != 0)
            continue;
        if (each->instead == newer->boot || each->namesake) {
            tl_log(TL_LOG_WARNING, "worker.namesake",
                   "worker=%s: two workers have this name; give each its own --name",
                   newer->name);
            each->namesake = newer->namesake = true;
            continue;
        }
        newer->instead = each->boot;
        lose(self, each, "worker.restarted", "it has started anew", now_ms);
    }
}

static bool
make_room(fleet *self, uint32_t number)
{
    if (number < self->numbers)
        return true;
    worker **grown = realloc(self->by_number, ((size_t) number + 1) * sizeof(worker *));
    if (!grown)
        return false;
    self->by_number = grown;
    while (self->numbers <= number)
        self->by_number[self->numbers++] = NULL;
    return true;
}

static worker *
welcome(fleet *self, const fleet_caller *caller, int64_t now_ms, tl_error *err)
{
    TL_SCOPED(fleet_destroy_worker) worker *newcomer = calloc(1, sizeof *newcomer);
    uint32_t number = newcomer ? ledger_join(self->ledger) : UINT32_MAX;
    bool joined = number != UINT32_MAX;

    if (!joined || !make_room(self, number) ||
        !tl_idmap_put(self->by_boot, caller->boot, newcomer)) {
        if (joined)
            ledger_leave(self->ledger, number, now_ms);
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for another worker");
        return NULL;
    }
    (void) tl_view_copy(caller->name, newcomer->name, sizeof newcomer->name);
    newcomer->boot = caller->boot;
    newcomer->broken_ms = -1;
    newcomer->number = number;
    self->by_number[number] = newcomer;
    tl_log(TL_LOG_NOTE, "worker.joined", "worker=%s", newcomer->name);
    replace_older(self, newcomer, now_ms);
    return TL_GIVE(newcomer);
}

worker *
fleet_meet(fleet *self, const fleet_caller *caller, int64_t now_ms, tl_error *err)
{
    worker *from = tl_idmap_get(self->by_boot, caller->boot);

    if (!from)
        from = welcome(self, caller, now_ms, err);
    if (!from)
        return NULL;
    zframe_destroy(&from->peer);
    from->peer = TL_GIVE(*caller->peer_p);
    from->heard_ms = now_ms;
    return from;
}

/* ---- silence ---------------------------------------------------------------------- */

/* Why the worker is gone; NULL while it is here. */
static const char *
verdict_on(worker *each, int64_t now_ms)
{
    if (now_ms - each->heard_ms >= TL_SILENT_MS)
        return "silent for too long";
    if (each->lane && each->broken_ms < 0 && lane_is_broken(each->lane))
        each->broken_ms = now_ms;
    if (each->broken_ms < 0 || each->heard_ms > each->broken_ms)
        return NULL;
    /* One that was leaving is not waited for. */
    if (each->draining && each->held == 0)
        return "drained";
    return now_ms - each->broken_ms >= LANE_GRACE_MS ? "its connection broke" : NULL;
}

void
fleet_tick(fleet *self, int64_t now_ms)
{
    for (size_t i = 0; i < self->numbers; i++) {
        worker *each = self->by_number[i];
        const char *why = each ? verdict_on(each, now_ms) : NULL;

        if (!why)
            continue;
        bool left = each->draining && ledger_unfinished(self->ledger, each->number) == 0;
        lose(self, each, left ? "worker.left" : "worker.lost", why, now_ms);
    }
}
