/* feed — how a picture's bytes best get from the worker into a helper.
 *
 * usage: bench_feed [BYTES [PICTURES]]
 *
 * Each way moves PICTURES bodies of BYTES to a child that reads every byte once, as a
 * decoder does, and says when it is done. CPU is that of both processes. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROOM = 32 << 20, ROUNDS = 5 };

typedef struct {
    size_t size;
    size_t count;
    uint8_t *body;   /* the worker's */
    uint8_t *shared; /* seen by both */
    uint8_t *heap;   /* the helper's, for what comes through a pipe or socket */
    int link[2];     /* the worker's end, the helper's end; requests and answers */
    int data[2];     /* where bytes are written, where they are read */
} feed;

static double
cpu_us(int who)
{
    struct rusage used;

    (void) getrusage(who, &used);
    return 1e6 * (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void
must(bool fine, const char *what)
{
    if (!fine) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static void
move(int fd, uint8_t *bytes, size_t size, ssize_t (*call)(int, void *, size_t))
{
    while (size > 0) {
        ssize_t moved = call(fd, bytes, size);

        must(moved > 0, "moving bytes");
        bytes += moved;
        size -= (size_t) moved;
    }
}

static ssize_t
put(int fd, void *bytes, size_t size)
{
    return write(fd, bytes, size);
}

static uint64_t
look_at(const uint8_t *bytes, size_t size)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < size; i++)
        sum += bytes[i];
    return sum;
}

static void
be_helper(feed *self, bool shared)
{
    uint64_t sum;

    for (size_t i = 0; i < self->count; i++) {
        move(self->link[1], (uint8_t *) &sum, sizeof sum, read);
        if (!shared)
            move(self->data[1], self->heap, self->size, read);
        sum = look_at(shared ? self->shared : self->heap, self->size);
        move(self->link[1], (uint8_t *) &sum, sizeof sum, put);
    }
    _exit(EXIT_SUCCESS);
}

/* Microseconds of CPU a picture. */
static double
measure(feed *self, bool shared)
{
    double before = cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN);
    pid_t child = fork();
    uint64_t sum = 0;

    must(child >= 0, "fork");
    if (child == 0)
        be_helper(self, shared);
    for (size_t i = 0; i < self->count; i++) {
        self->body[i % self->size]++;
        if (shared)
            memcpy(self->shared, self->body, self->size);
        move(self->link[0], (uint8_t *) &sum, sizeof sum, put);
        if (!shared)
            move(self->data[0], self->body, self->size, put);
        move(self->link[0], (uint8_t *) &sum, sizeof sum, read);
        if (i == 0)
            must(sum == look_at(self->body, self->size), "the helper saw other bytes");
    }
    (void) waitpid(child, NULL, 0);
    return (cpu_us(RUSAGE_SELF) + cpu_us(RUSAGE_CHILDREN) - before) /
           (double) self->count;
}

static void
make(feed *self)
{
    int memory = memfd_create("feed", MFD_CLOEXEC);
    void *shared = MAP_FAILED;

    if (memory >= 0 && ftruncate(memory, ROOM) == 0)
        shared = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    must(shared != MAP_FAILED, "shared memory");
    self->shared = shared;
    self->body = calloc(1, ROOM);
    self->heap = calloc(1, ROOM);
    must(self->body && self->heap, "memory");
    must(socketpair(AF_UNIX, SOCK_STREAM, 0, self->link) == 0, "socketpair");
}

int
main(int argc, char **argv)
{
    feed self = {
        .size = argc > 1 ? strtoul(argv[1], NULL, 10) : 160000,
        .count = argc > 2 ? strtoul(argv[2], NULL, 10) : 2000,
    };
    int ends[2];

    must(self.size > 0 && self.size <= ROOM, "BYTES");
    make(&self);
    for (int round = 0; round < ROUNDS; round++) {
        double shared = measure(&self, true);

        must(pipe(ends) == 0, "pipe");
        self.data[0] = ends[1];
        self.data[1] = ends[0];
        double through_pipe = measure(&self, false);
        (void) close(ends[0]);
        (void) close(ends[1]);

        must(socketpair(AF_UNIX, SOCK_STREAM, 0, self.data) == 0, "socketpair");
        double through_socket = measure(&self, false);
        (void) close(self.data[0]);
        (void) close(self.data[1]);
        printf("cpu_us a picture: shared=%.1f pipe=%.1f socket=%.1f\n", shared,
               through_pipe, through_socket);
    }
    return EXIT_SUCCESS;
}
