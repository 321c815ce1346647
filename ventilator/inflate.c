#include "ventilator/inflate.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "proto/scope.h"

enum { CHUNK_BYTES = 64 << 10, GZIP_WINDOW = 15 + 16 /* zlib's way to say: gzip */ };

typedef enum { UNKNOWN, PLAIN, GZIP } packing;

struct inflater {
    int fd;
    packing packing;
    uint64_t taken;
    bool ended;      /* the descriptor */
    bool in_member;  /* a gzip member has begun and not ended */
    z_stream stream; /* GZIP; its input is what was read and is not used yet */
    size_t at;
    size_t size;
    uint8_t chunk[CHUNK_BYTES];
};

inflater *
inflater_new(int fd)
{
    TL_SCOPED(inflater_destroy) inflater *self = calloc(1, sizeof *self);

    if (!self)
        return NULL;
    self->fd = fd;
    return inflateInit2(&self->stream, GZIP_WINDOW) == Z_OK ? TL_GIVE(self) : NULL;
}

void
inflater_destroy(inflater **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    (void) inflateEnd(&(*self_p)->stream);
    free(*self_p);
    *self_p = NULL;
}

uint64_t
inflater_taken(const inflater *self)
{
    return self->taken;
}

/* Read more behind what is there; the chunk must have room. */
static inflate_result
fill(inflater *self, tl_error *err)
{
    if (self->at > 0) {
        memmove(self->chunk, self->chunk + self->at, self->size - self->at);
        self->size -= self->at;
        self->at = 0;
    }
    /* Asked first instead of made non-blocking: the descriptor's other owners, a
     * terminal's shell for one, would see that too. */
    struct pollfd ready = {.fd = self->fd, .events = POLLIN};
    if (poll(&ready, 1, 0) == 0)
        return INFLATE_WAIT;
    ssize_t got = read(self->fd, self->chunk + self->size, CHUNK_BYTES - self->size);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return INFLATE_WAIT;
    if (got < 0) {
        (void) tl_fail_errno(err, TL_CANNOT_START, "cannot read");
        return INFLATE_FAILED;
    }
    self->size += (size_t) got;
    self->taken += (uint64_t) got;
    self->ended = got == 0;
    return self->ended ? INFLATE_END : INFLATE_BYTES;
}

static inflate_result
find_packing(inflater *self, tl_error *err)
{
    while (self->size < 2 && !self->ended) {
        inflate_result result = fill(self, err);

        if (result == INFLATE_WAIT || result == INFLATE_FAILED)
            return result;
    }
    bool gzip = self->size >= 2 && self->chunk[0] == 0x1f && self->chunk[1] == 0x8b;
    self->packing = gzip ? GZIP : PLAIN;
    return INFLATE_BYTES;
}

static inflate_result
read_plain(inflater *self, uint8_t *out, size_t room, size_t *size)
{
    size_t left = self->size - self->at;

    *size = left < room ? left : room;
    memcpy(out, self->chunk + self->at, *size);
    self->at += *size;
    return INFLATE_BYTES;
}

static inflate_result
read_gzip(inflater *self, uint8_t *out, size_t room, size_t *size, tl_error *err)
{
    /* Members may follow each other, as `cat a.gz b.gz` makes them. */
    if (!self->in_member) {
        (void) inflateReset(&self->stream); /* cannot fail on a good stream */
        self->in_member = true;
    }
    self->stream.next_in = self->chunk + self->at;
    self->stream.avail_in = (uInt) (self->size - self->at);
    self->stream.next_out = out;
    self->stream.avail_out = (uInt) room;
    int code = inflate(&self->stream, Z_NO_FLUSH);
    self->at = self->size - self->stream.avail_in;
    *size = room - self->stream.avail_out;
    if (code == Z_STREAM_END)
        self->in_member = false;
    else if (code != Z_OK && code != Z_BUF_ERROR) {
        (void) tl_fail(err, TL_CANNOT_START, "the gzip data is damaged");
        return INFLATE_FAILED;
    }
    return INFLATE_BYTES;
}

static inflate_result
at_end(const inflater *self, tl_error *err)
{
    if (!self->in_member)
        return INFLATE_END;
    (void) tl_fail(err, TL_CANNOT_START, "the gzip data ends in the middle");
    return INFLATE_FAILED;
}

/* What is at hand, or one more reading; nothing in *size means: look again. */
static inflate_result
step(inflater *self, uint8_t *out, size_t room, size_t *size, tl_error *err)
{
    /* A member that has begun may have bytes inside zlib. */
    bool at_hand = self->at < self->size || self->in_member;
    inflate_result result = INFLATE_BYTES;

    if (at_hand)
        result = self->packing == GZIP ? read_gzip(self, out, room, size, err)
                                       : read_plain(self, out, room, size);
    if (result != INFLATE_BYTES || *size > 0 || self->at < self->size)
        return result;
    if (self->ended)
        return at_end(self, err);
    result = fill(self, err);
    return result == INFLATE_END ? INFLATE_BYTES : result; /* of the file, not of ours */
}

inflate_result
inflater_read(inflater *self, uint8_t *out, size_t room, size_t *size, tl_error *err)
{
    inflate_result result = INFLATE_BYTES;

    *size = 0;
    if (self->packing == UNKNOWN)
        result = find_packing(self, err);
    while (result == INFLATE_BYTES && *size == 0)
        result = step(self, out, room, size, err);
    return result;
}
