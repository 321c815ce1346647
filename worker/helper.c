#include "worker/helper.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/scope.h"

enum {
    KEEP_BYTES = 4 << 20, /* of the area: most pictures fit, and 64 helpers may keep it */
    PIECE_BYTES = 64 << 10,
    FIRST_FREE = WIRE_AREA + 1, /* descriptors from here on are not for a helper */
};

struct helper {
    /* The memory. A memfd whose size is sealed: a helper that has been taken over could
     * otherwise cut it off under our feet (SIGBUS). Its descriptor is read-only, which
     * F_SEAL_FUTURE_WRITE would enforce better but for forbidding us to punch holes. */
    int area;
    int area_to_read;
    uint8_t *bytes;
    size_t room;
    size_t loaded;

    /* The process. */
    pid_t pid; /* 0: none */
    int link;

    /* What it said, as far as it came. */
    bool asked;
    picture_size box; /* that it was asked for */
    size_t heard;     /* bytes of ready, then of answer */
    wire_ready ready;
    wire_answer answer;
    tl_buf *thumb;
};

/* ---- the memory ------------------------------------------------------------------- */

static void
drop(int *fd)
{
    if (*fd >= 0)
        (void) close(*fd); /* nothing was buffered in it */
    *fd = -1;
}

/* dup2 in the child must not overwrite what it still has to copy. */
static int
out_of_the_way(int fd)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
    int reason = errno;

    drop(&fd);
    errno = reason;
    return copy;
}

static tl_fault
make_area(helper *self, tl_error *err)
{
    char path[64];

    self->area = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (self->area < 0)
        return tl_fail_errno(err, TL_SYSTEM, "memory to share with a helper");
    if (ftruncate(self->area, (off_t) self->room) != 0 ||
        fcntl(self->area, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return tl_fail_errno(err, TL_SYSTEM, "memory of %zu bytes to share with a helper",
                             self->room);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", self->area);
    self->area_to_read = out_of_the_way(open(path, O_RDONLY | O_CLOEXEC));
    if (self->area_to_read < 0)
        return tl_fail_errno(err, TL_SYSTEM, "%s (is /proc mounted?)", path);

    void *bytes =
        mmap(NULL, self->room, PROT_READ | PROT_WRITE, MAP_SHARED, self->area, 0);
    if (bytes == MAP_FAILED)
        return tl_fail_errno(err, TL_SYSTEM, "mapping %zu bytes for a helper",
                             self->room);
    self->bytes = bytes;
    return TL_OK;
}

helper *
helper_new(size_t room, tl_error *err)
{
    TL_SCOPED(helper_destroy) helper *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "a helper");
        return NULL;
    }
    self->room = room;
    self->area = self->area_to_read = self->link = -1;
    return make_area(self, err) == TL_OK ? TL_GIVE(self) : NULL;
}

void
helper_destroy(helper **self_p)
{
    assert(self_p);
    helper *self = *self_p;

    if (!self)
        return;
    helper_end(self);
    if (self->bytes)
        (void) munmap(self->bytes, self->room);
    drop(&self->area);
    drop(&self->area_to_read);
    tl_buf_destroy(&self->thumb);
    free(self);
    *self_p = NULL;
}

tl_fault
helper_load(helper *self, const uint8_t *bytes, size_t size, tl_error *err)
{
    if (size > self->room)
        return tl_fail(err, TL_TOO_LARGE, "%zu bytes, helpers take %zu", size,
                       self->room);
    if (size > 0)
        memcpy(self->bytes, bytes, size);
    self->loaded = size;
    return TL_OK;
}

void
helper_unload(helper *self)
{
    if (self->loaded > KEEP_BYTES) /* at worst it keeps the pages */
        (void) fallocate(self->area, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                         KEEP_BYTES, (off_t) (self->room - KEEP_BYTES));
    self->loaded = 0;
}

/* ---- the process ------------------------------------------------------------------ */

/* Ctrl-C and a service manager's SIGTERM reach the whole group. The worker decides what
 * they mean, so they are blocked from the first instruction; and nothing else is. */
static void
set_signals(posix_spawnattr_t *attributes)
{
    sigset_t blocked;
    sigset_t defaults;

    (void) sigemptyset(&blocked);
    (void) sigaddset(&blocked, SIGINT);
    (void) sigaddset(&blocked, SIGTERM);
    (void) sigaddset(&blocked, SIGHUP);
    (void) sigfillset(&defaults);
    (void) posix_spawnattr_setsigmask(attributes, &blocked);
    (void) posix_spawnattr_setsigdefault(attributes, &defaults);
    (void) posix_spawnattr_setflags(attributes,
                                    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Its standard error stays ours: last words of a crash belong into the worker's log. */
static int
set_descriptors(posix_spawn_file_actions_t *actions, int link, int area)
{
    int trouble =
        posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!trouble)
        trouble = posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null",
                                                   O_WRONLY, 0);
    if (!trouble)
        trouble = posix_spawn_file_actions_adddup2(actions, link, WIRE_LINK);
    if (!trouble)
        trouble = posix_spawn_file_actions_adddup2(actions, area, WIRE_AREA);
    if (!trouble)
        trouble = posix_spawn_file_actions_addclosefrom_np(actions, FIRST_FREE);
    return trouble;
}

/* 0 or an errno; exec's failure is reported here too. */
static int
spawn(helper *self, const char *program, int link)
{
    char name[] = "thumbline-shrink";
    char serve[] = "--serve";
    char *arguments[] = {name, serve, NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int trouble = posix_spawn_file_actions_init(&actions);

    if (trouble)
        return trouble;
    trouble = posix_spawnattr_init(&attributes);
    if (!trouble) {
        set_signals(&attributes);
        trouble = set_descriptors(&actions, link, self->area_to_read);
        if (!trouble)
            trouble = posix_spawn(&self->pid, program, &actions, &attributes, arguments,
                                  environment);
        (void) posix_spawnattr_destroy(&attributes);
    }
    (void) posix_spawn_file_actions_destroy(&actions);
    if (trouble)
        self->pid = 0;
    return trouble;
}

tl_fault
helper_start(helper *self, const char *program, tl_error *err)
{
    int ends[2];

    assert(self->pid == 0);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return tl_fail_errno(err, TL_CANNOT_START, "a link to a helper");
    self->link = ends[0];
    ends[1] = out_of_the_way(ends[1]);
    self->heard = 0;
    self->asked = false;

    errno = ends[1] < 0 ? errno : spawn(self, program, ends[1]);
    drop(&ends[1]); /* now its end shows as ours */
    if (self->pid > 0)
        return TL_OK;
    (void) tl_fail_errno(err, TL_CANNOT_START, "helper %s", program);
    drop(&self->link);
    return err->fault;
}

void
helper_kill(helper *self)
{
    if (self->pid > 0)
        (void) kill(self->pid, SIGKILL); /* it is ours and not reaped, so it is it */
    drop(&self->link);
}

bool
helper_ended(helper *self, int *status)
{
    if (self->pid == 0 || waitpid(self->pid, status, WNOHANG) != self->pid)
        return false;
    self->pid = 0;
    drop(&self->link);
    return true;
}

void
helper_end(helper *self)
{
    helper_kill(self);
    if (self->pid > 0)
        while (waitpid(self->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    self->pid = 0;
}

int
helper_link(const helper *self)
{
    return self->link;
}

pid_t
helper_pid(const helper *self)
{
    return self->pid;
}

/* ---- the link --------------------------------------------------------------------- */

tl_fault
helper_ask(helper *self, picture_size box, tl_error *err)
{
    wire_request request = {.mark = WIRE_MARK, .box = box, .size = self->loaded};

    tl_buf_destroy(&self->thumb);
    self->thumb = tl_buf_new(WIRE_THUMB_BYTES);
    if (!self->thumb)
        return tl_fail(err, TL_NO_MEMORY, "a thumbnail");
    /* One small request at a time always fits into the socket's buffer. */
    if (send(self->link, &request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL) !=
        (ssize_t) sizeof request)
        return tl_fail_errno(err, TL_SYSTEM, "asking a helper");
    self->asked = true;
    self->box = box;
    self->heard = 0;
    return TL_OK;
}

/* Hear up to `size` bytes into `at`: their number, 0 if there are none yet, -1 if the
 * link is broken. */
static ssize_t
hear(const helper *self, void *at, size_t size)
{
    ssize_t got;

    do
        got = recv(self->link, at, size, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        return got;
    return got < 0 && errno == EAGAIN ? 0 : -1;
}

/* Go on hearing a struct of which self->heard bytes are there. */
static helper_word
hear_struct(helper *self, void *at, size_t size)
{
    ssize_t got = hear(self, (uint8_t *) at + self->heard, size - self->heard);

    if (got < 0)
        return HELPER_LOST;
    self->heard += (size_t) got;
    return self->heard == size ? HELPER_READY : HELPER_SILENT;
}

static helper_word
hear_thumb(helper *self)
{
    uint8_t piece[PIECE_BYTES];
    tl_error err;

    for (;;) {
        size_t left = self->answer.thumb_bytes - tl_buf_size(self->thumb);
        if (left == 0)
            return HELPER_ANSWERED;

        ssize_t got = hear(self, piece, left < sizeof piece ? left : sizeof piece);
        if (got == 0)
            return HELPER_SILENT;
        if (got < 0 || tl_buf_add(self->thumb, piece, (size_t) got, &err) != TL_OK)
            return HELPER_LOST;
    }
}

static helper_word
hear_ready(helper *self)
{
    helper_word word = hear_struct(self, &self->ready, sizeof self->ready);

    if (word == HELPER_READY && !wire_ready_valid(&self->ready))
        return HELPER_LOST;
    return word;
}

/* Nobody asked, so the only thing to hear is the end. */
static helper_word
hear_nothing(helper *self)
{
    uint8_t byte;

    return hear(self, &byte, sizeof byte) == 0 ? HELPER_SILENT : HELPER_LOST;
}

helper_word
helper_listen(helper *self)
{
    if (self->link < 0)
        return HELPER_SILENT;
    if (!self->asked)
        return self->heard < sizeof self->ready ? hear_ready(self) : hear_nothing(self);

    if (self->heard < sizeof self->answer) {
        helper_word word = hear_struct(self, &self->answer, sizeof self->answer);

        if (word != HELPER_READY)
            return word;
        if (!wire_answer_valid(&self->answer, self->box))
            return HELPER_LOST;
    }

    helper_word word = hear_thumb(self);
    if (word == HELPER_ANSWERED) {
        self->asked = false;
        self->heard = sizeof self->ready;
    }
    return word;
}

const wire_answer *
helper_answer(const helper *self)
{
    return &self->answer;
}

tl_buf *
helper_take_thumb(helper *self)
{
    return TL_GIVE(self->thumb);
}
