/* ledger_world — workers, a sink and the wires between them, all of memory and a seed.
 *
 * Why it exists: the ledger has to be right in orders of events that nobody thinks of.
 * This world makes them up, and knows the truth to compare with. Time goes in steps. */
#ifndef TESTS_VENTILATOR_LEDGER_WORLD_H
#define TESTS_VENTILATOR_LEDGER_WORLD_H

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "ventilator/ledger.h"

enum {
    WORLD_LINKS = 300,
    WORLD_WORKERS = 5,
    WORLD_SLOTS = 6,
    WORLD_STEP_MS = 25,
    WORLD_TRIES = 4,
    WORLD_MOST_MS = 3 * 3600 * 1000,
};

/* How often, of 100,000 worker-steps or, for messages and failures, of 1,000. */
typedef struct {
    unsigned crashes;
    unsigned stalls;       /* silent for so long that it is given up */
    unsigned broken_lanes;
    unsigned drains;
    unsigned restarts; /* of the ventilator */
    unsigned lost_messages;
    unsigned failures; /* of a try, in a way that may pass */
    unsigned poison;   /* links that kill whoever begins them */
} world_trouble;

typedef struct world world;

world *world_new(uint64_t seed, const world_trouble *trouble);
void world_destroy(world **self_p);

void world_step(world *self);
bool world_is_over(const world *self);
int64_t world_now(const world *self);

/* Every link has ended, once, and as it deserved. */
void world_check(const world *self);

#endif
