/* delays — links that wait for their next try, the earliest first.
 *
 * Why it exists: retries fall due at random moments (full jitter), so a queue in order of
 * arrival is not enough. A link that leaves early is not searched for: its place falls
 * due in vain and the ledger sees that it waits no more. */
#ifndef TL_VENTILATOR_DELAYS_H
#define TL_VENTILATOR_DELAYS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct delays delays;

delays *delays_new(void); /* NULL when memory is out */
void delays_destroy(delays **self_p);

/* Remember id until due_ms; false when memory is out. */
bool delays_add(delays *self, uint64_t id, int64_t due_ms);

/* Take off the earliest if it is due; false if none is. */
bool delays_take(delays *self, int64_t now_ms, uint64_t *id, int64_t *due_ms);

/* When the earliest is due; -1 if there is none. */
int64_t delays_first(const delays *self);

#endif
