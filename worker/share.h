/* share — how many of a worker's slots each run gets.
 *
 * Why it exists: one pool serves several runs, and their ventilators know nothing of each
 * other. The split is max-min fair: nobody gets less than an equal part unless it wants
 * less, and what one does not want goes to the others in equal parts. */
#ifndef WORKER_SHARE_H
#define WORKER_SHARE_H

#include <stddef.h>
#include <stdint.h>

#define SHARE_ALL UINT32_MAX /* wanted: as much as there is */

/* Split `total` over `count` wishes: parts[i] <= wanted[i], and the sum is the smaller of
 * `total` and all that is wanted. The odd slots go to the first. */
void share_split(uint32_t total, const uint32_t *wanted, uint32_t *parts, size_t count);

#endif
