#include "ventilator/lines.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/scope.h"

enum { CHUNK_BYTES = 64 << 10 };

struct lines {
    int fd;
    inflater *input;
    tl_digest *digest;
    uint64_t number;
    bool ended;
    bool begun; /* some bytes of the line at hand have come */
    bool cut;
    size_t size; /* of the line at hand, as far as it is kept */
    char text[TL_URL_BYTES + 1];
    size_t at; /* in the chunk */
    size_t chunk_size;
    uint8_t chunk[CHUNK_BYTES];
};

lines *
lines_new(int fd)
{
    TL_SCOPED(lines_destroy) lines *self = calloc(1, sizeof *self);

    if (!self) {
        (void) close(fd);
        return NULL;
    }
    self->fd = fd;
    self->input = inflater_new(fd);
    self->digest = tl_digest_new();
    return self->input && self->digest ? TL_GIVE(self) : NULL;
}

void
lines_destroy(lines **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    inflater_destroy(&(*self_p)->input);
    tl_digest_destroy(&(*self_p)->digest);
    (void) close((*self_p)->fd); /* it was only read */
    free(*self_p);
    *self_p = NULL;
}

int
lines_fd(const lines *self)
{
    return self->fd;
}

uint64_t
lines_passed(const lines *self)
{
    return self->number;
}

uint64_t
lines_taken(const lines *self)
{
    return inflater_taken(self->input);
}

/* Keep what fits; the digest gets everything once something does not. */
static void
add_piece(lines *self, const uint8_t *bytes, size_t size)
{
    size_t room = TL_URL_BYTES - self->size;
    size_t kept = size < room ? size : room;

    self->begun = self->begun || size > 0;
    if (!self->cut)
        memcpy(self->text + self->size, bytes, kept);
    if (!self->cut && kept < size) {
        self->cut = true;
        tl_digest_start(self->digest);
        tl_digest_add(self->digest, self->text, self->size);
    }
    if (self->cut)
        tl_digest_add(self->digest, bytes, size);
    else
        self->size += kept;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Ends the line at hand; false if it is blank or a comment. */
static bool
finish(lines *self, line *out)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t size = self->cut ? TL_URL_BYTES : self->size;
    const char *text = self->text;

    self->number++;
    if (self->number == 1 && size >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    while (size > 0 && is_blank(*text)) {
        text++;
        size--;
    }
    while (!self->cut && size > 0 && is_blank(text[size - 1]))
        size--;
    *out = (line){.text = text, .size = size, .cut = self->cut, .number = self->number};
    if (!self->cut) {
        tl_digest_start(self->digest);
        tl_digest_add(self->digest, text, size);
    }
    bool wanted = size > 0 && *text != '#';
    if (wanted || self->cut)
        tl_digest_finish(self->digest, out->sha256);
    self->text[text - self->text + (ptrdiff_t) size] = '\0';
    self->begun = self->cut = false;
    self->size = 0;
    return wanted;
}

/* Take the chunk's bytes up to a newline; true if the line has ended. */
static bool
take_line(lines *self)
{
    const uint8_t *from = self->chunk + self->at;
    size_t left = self->chunk_size - self->at;
    const uint8_t *newline = memchr(from, '\n', left);
    size_t size = newline ? (size_t) (newline - from) : left;

    add_piece(self, from, size);
    self->at += size + (newline != NULL);
    return newline != NULL;
}

inflate_result
lines_next(lines *self, line *out, tl_error *err)
{
    while (!self->ended) {
        while (self->at < self->chunk_size)
            if (take_line(self) && finish(self, out))
                return INFLATE_BYTES;

        self->at = self->chunk_size = 0;
        inflate_result result =
            inflater_read(self->input, self->chunk, CHUNK_BYTES, &self->chunk_size, err);
        if (result == INFLATE_WAIT || result == INFLATE_FAILED)
            return result;
        self->ended = result == INFLATE_END;
    }
    /* The last line may lack its newline. */
    return self->begun && finish(self, out) ? INFLATE_BYTES : INFLATE_END;
}
