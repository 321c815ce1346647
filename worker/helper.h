/* helper — one thumbline-shrink process, the memory it reads pictures from, and the
 * link on which it answers.
 *
 * Why it exists: decoding needs isolation from networks and files, and a process is the
 * only wall that holds. This is the mechanics; when to start, ask or kill one is the
 * pool's business (helpers.h). No call waits for the process. */
#ifndef HELPER_H
#define HELPER_H

#include <sys/types.h>

#include "proto/buf.h"
#include "worker/shrink/wire.h"

typedef struct helper helper;

/* The memory, for pictures of up to `room` bytes, and no process yet. TL_SYSTEM,
 * TL_NO_MEMORY. */
helper *helper_new(size_t room, tl_error *err);

/* Kills the process, waits for its end and frees the memory. */
void helper_destroy(helper **self_p);

/* Start a process; there must be none. It will say that it is ready. TL_CANNOT_START. */
tl_fault helper_start(helper *self, const char *program, tl_error *err);

/* Put a picture into the memory, where it stays for a second try. TL_TOO_LARGE. */
tl_fault helper_load(helper *self, const uint8_t *bytes, size_t size, tl_error *err);

/* Ask for a thumbnail of it. TL_SYSTEM: the process is dead. */
tl_fault helper_ask(helper *self, picture_size box, tl_error *err);

/* What came over the link by now. HELPER_LOST is its end or something that makes no
 * sense: kill it. */
typedef enum { HELPER_SILENT, HELPER_READY, HELPER_ANSWERED, HELPER_LOST } helper_word;
helper_word helper_listen(helper *self);

/* The answer, after HELPER_ANSWERED and until the next request; checked as
 * wire_answer_valid says. The thumbnail becomes the caller's. */
const wire_answer *helper_answer(const helper *self);
tl_buf *helper_take_thumb(helper *self);

/* Kill the process; a moment later it has ended. Safe to repeat. */
void helper_kill(helper *self);

/* Has it ended? Then *status is as of waitpid, and there is no process any more. */
bool helper_ended(helper *self, int *status);

/* Kill the process and wait until it is gone, which takes a moment. */
void helper_end(helper *self);

/* For poll: readable when there is something to listen to, and when the process has died;
 * -1 if there is none. */
int helper_link(const helper *self);
pid_t helper_pid(const helper *self);

/* Forget the picture and give back the memory of a large one. */
void helper_unload(helper *self);

#endif
