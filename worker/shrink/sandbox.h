/* sandbox — the limits a helper puts on itself before it meets the first picture.
 *
 * Why it exists: decoders have bugs, and pictures are written by anybody. What a decoder
 * can reach, fill or leave behind is bounded here, whatever a picture makes of it. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "proto/fault.h"

/* No new privileges, no core files, no large files, few descriptors, and at most 1 GiB of
 * memory besides `area` bytes that are shared. TL_SYSTEM. */
tl_fault sandbox_enter(uint64_t area, tl_error *err);

/* Die with the thread that started this process, and leave alone the signals by which
 * people and service managers stop a worker: it ends its helpers when it is done. */
tl_fault sandbox_belong(tl_error *err);

/* CPU seconds for the next picture; more than that ends the process (SIGXCPU). The worker
 * has a deadline of its own; this one holds when the worker is stopped. */
tl_fault sandbox_allow_cpu(tl_error *err);

#endif
