/* ledger_scene — a ledger, a clock and a few words, so that a test reads as what happens.
 *
 * Why it exists: the ledger's events take many arguments; a test cares for two of them.
 */
#ifndef TESTS_VENTILATOR_LEDGER_SCENE_H
#define TESTS_VENTILATOR_LEDGER_SCENE_H

#include <stdio.h>
#include <string.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "ventilator/ledger.h"

enum { SCENE_TRIES = 4, SCENE_LIFE_MS = 300000 };

typedef struct {
    ledger *ledger;
    int64_t now; /* ms; tests move it */
} scene;

/* "these ids": an array and its size, for a beat. */
#define IDS(...)                                                                         \
    (const uint64_t[]){__VA_ARGS__},                                                     \
        sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)

static inline scene
scene_new(void)
{
    const ledger_settings settings = {SCENE_TRIES, SCENE_LIFE_MS, 7};
    scene self = {ledger_new(&settings), 1000000};

    assert_non_null(self.ledger);
    return self;
}

static inline void
scene_end(scene *self)
{
    ledger_destroy(&self->ledger);
}

static inline void
scene_add(scene *self, uint64_t id)
{
    char url[64];
    char name[32];
    tl_error err = {0};

    (void) snprintf(url, sizeof url, "http://example.org/%d.jpg", (int) id);
    (void) snprintf(name, sizeof name, "%d.jpg", (int) id);
    ledger_link link = {.id = id, .url = tl_view(url), .name = tl_view(name)};
    memset(link.key, (int) id, sizeof link.key);
    assert_int_equal(ledger_add(self->ledger, &link, self->now, &err), TL_OK);
}

static inline void
scene_beat(scene *self, uint32_t worker, ledger_beat beat)
{
    tl_error err = {0};

    assert_int_equal(ledger_heartbeat(self->ledger, worker, &beat, self->now, &err),
                     TL_OK);
}

/* A worker on its lane that holds nothing. */
static inline uint32_t
scene_worker(scene *self, uint32_t slots)
{
    uint32_t worker = ledger_join(self->ledger);

    assert_int_not_equal(worker, UINT32_MAX);
    scene_beat(self, worker, (ledger_beat){.lane = LEDGER_LANE_OURS, .slots = slots});
    return worker;
}

/* It holds these, and has begun as many of them. */
static inline void
scene_holds(scene *self, uint32_t worker, uint64_t top, const uint64_t *ids, size_t count,
            size_t begun)
{
    scene_beat(self, worker,
               (ledger_beat){.lane = LEDGER_LANE_OURS,
                             .slots = 8,
                             .top = top,
                             .held = ids,
                             .held_count = count,
                             .begun = ids,
                             .begun_count = begun});
}

static inline ledger_action
scene_next(scene *self)
{
    return ledger_next(self->ledger, self->now);
}

static inline void
scene_expect_nothing(scene *self)
{
    assert_int_equal(scene_next(self).verb, LEDGER_NOTHING);
}

static inline ledger_action
scene_expect_send(scene *self, uint64_t id, uint32_t worker)
{
    ledger_action action = scene_next(self);

    assert_int_equal(action.verb, LEDGER_SEND);
    assert_int_equal(action.id, id);
    assert_int_equal(action.worker, worker);
    return action;
}

static inline ledger_action
scene_expect_ruling(scene *self, uint64_t id, tl_verdict verdict, tl_fault fault)
{
    ledger_action action = scene_next(self);

    assert_int_equal(action.verb, LEDGER_RULE);
    assert_int_equal(action.id, id);
    assert_int_equal(action.verdict, verdict);
    assert_int_equal(action.fault, fault);
    return action;
}

/* The ledger asks the sink, and the sink knows nothing new. */
static inline void
scene_sync(scene *self)
{
    assert_int_equal(scene_next(self).verb, LEDGER_SYNC);
    ledger_synced(self->ledger, self->now);
}

static inline void
scene_again(scene *self, uint32_t worker, uint64_t id, tl_fault fault, uint64_t after_ms)
{
    const tl_again failure = {id, fault, 0, after_ms};

    ledger_again(self->ledger, worker, &failure, self->now);
}

#endif
