#include "ventilator/source.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/log.h"
#include "proto/scope.h"
#include "proto/utf8.h"
#include "ventilator/lines.h"
#include "ventilator/url.h"

enum { SHOWN_BYTES = 512 /* of a malformed line, in the record */ };

typedef enum { A_FILE, STANDARD_INPUT, ARGUMENT } part_kind;

typedef struct part {
    part_kind kind;
    const char *word; /* the caller's */
    int fd;           /* A_FILE, STANDARD_INPUT; -1 once lines has it */
    bool passing;     /* what it says once it never says again */
} part;

struct source {
    part *parts;
    size_t count;
    size_t at; /* the part at hand */
    lines *lines;
    url_parser *urls;
    tl_digest *digest;
    uint8_t run[TL_SHA_BYTES];
    uint64_t total_bytes;
    bool total_known;
    uint64_t bytes_before; /* of the parts that are done */
    uint64_t lines_before;
    char shown[SHOWN_BYTES];
};

void
source_destroy(source **self_p)
{
    assert(self_p);
    source *self = *self_p;

    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        if (self->parts[i].fd > STDIN_FILENO)
            (void) close(self->parts[i].fd); /* it was only read */
    lines_destroy(&self->lines);
    url_parser_destroy(&self->urls);
    tl_digest_destroy(&self->digest);
    free(self->parts);
    free(self);
    *self_p = NULL;
}

static tl_fault
open_part(source *self, part *each, tl_error *err)
{
    struct stat facts;

    if (each->kind == ARGUMENT)
        return TL_OK;
    /* A named pipe that nobody writes to yet must not hold us, or a signal, up. */
    each->fd = each->kind == STANDARD_INPUT
                   ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDIN_FILENO + 1)
                   : open(each->word, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (each->fd == -1 || fstat(each->fd, &facts) == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot read the list %s", each->word);
    if (S_ISDIR(facts.st_mode))
        return tl_fail(err, TL_CANNOT_START, "the list %s is a folder", each->word);
    /* A file that a shell gave us may be another one next time. */
    each->passing = each->kind == STANDARD_INPUT || !S_ISREG(facts.st_mode);
    if (S_ISREG(facts.st_mode))
        self->total_bytes += (uint64_t) facts.st_size;
    else
        self->total_known = false;
    return TL_OK;
}

static part_kind
kind_of(const char *word)
{
    return strcmp(word, "-") == 0 ? STANDARD_INPUT
           : strstr(word, "://")  ? ARGUMENT
                                  : A_FILE;
}

source *
source_new(const char *const *words, size_t count, const uint8_t run[TL_SHA_BYTES],
           tl_error *err)
{
    TL_SCOPED(source_destroy) source *self = calloc(1, sizeof *self);

    if (self) {
        self->parts = calloc(count + 1, sizeof *self->parts);
        self->urls = url_parser_new();
        self->digest = tl_digest_new();
    }
    if (!self || !self->parts || !self->urls || !self->digest) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory for the source");
        return NULL;
    }
    memcpy(self->run, run, sizeof self->run);
    self->total_known = true;
    while (self->count < count) {
        part *each = &self->parts[self->count];
        const char *word = words[self->count++];

        *each = (part){.kind = kind_of(word), .word = word, .fd = -1};
        if (open_part(self, each, err) != TL_OK)
            return NULL;
    }
    return TL_GIVE(self);
}

/* A link's identity is its line and all that the run does to it. */
static void
make_key(source *self, const uint8_t sha256[TL_SHA_BYTES], uint8_t key[TL_KEY_BYTES])
{
    uint8_t whole[TL_SHA_BYTES];

    tl_digest_start(self->digest);
    tl_digest_add(self->digest, sha256, TL_SHA_BYTES);
    tl_digest_add(self->digest, self->run, TL_SHA_BYTES);
    tl_digest_finish(self->digest, whole);
    memcpy(key, whole, TL_KEY_BYTES);
}

static void
judge(source *self, const line *from, source_link *link)
{
    bool text = tl_utf8_valid((const uint8_t *) from->text, from->size);

    *link = (source_link){
        .source = (uint32_t) self->at,
        .line = from->number,
        .url = from->text,
        .url_size = from->size,
        .fault = TL_URL_INVALID,
    };
    make_key(self, from->sha256, link->key);
    if (text && !from->cut)
        link->fault = url_check(self->urls, from->text, link->name);
    if (link->fault == TL_OK)
        return;
    /* A password must not get into the record either. */
    link->url = link->fault == TL_CREDENTIALS
                    ? "(a link with credentials)"
                    : tl_escape(from->text, from->size, self->shown, sizeof self->shown);
    link->url_size = strlen(link->url);
    link->name[0] = '\0';
}

static void
take_argument(source *self, source_link *link)
{
    const char *word = self->parts[self->at].word;
    line only = {.text = word, .size = strlen(word), .number = 1};

    only.cut = only.size > TL_URL_BYTES;
    tl_digest_start(self->digest);
    tl_digest_add(self->digest, word, only.size);
    tl_digest_finish(self->digest, only.sha256);
    judge(self, &only, link);
    self->lines_before++;
    self->at++;
}

static source_result
failed(const source *self, tl_error *err)
{
    (void) tl_within(err, "the list %s", self->parts[self->at].word);
    return SOURCE_FAILED;
}

static void
next_part(source *self)
{
    self->bytes_before += lines_taken(self->lines);
    self->lines_before += lines_passed(self->lines);
    lines_destroy(&self->lines);
    self->at++;
}

static tl_fault
open_lines(source *self, part *each, tl_error *err)
{
    int fd = each->fd;

    each->fd = -1; /* lines closes it */
    self->lines = lines_new(fd);
    return self->lines ? TL_OK : tl_fail(err, TL_NO_MEMORY, "no memory for the source");
}

source_result
source_next(source *self, source_link *link, tl_error *err)
{
    for (; self->at < self->count; next_part(self)) {
        part *each = &self->parts[self->at];
        line next;

        if (each->kind == ARGUMENT) {
            take_argument(self, link);
            return SOURCE_LINK;
        }
        if (!self->lines && open_lines(self, each, err) != TL_OK)
            return SOURCE_FAILED;
        inflate_result result = lines_next(self->lines, &next, err);
        if (result == INFLATE_WAIT)
            return SOURCE_WAIT;
        if (result == INFLATE_FAILED)
            return failed(self, err);
        if (result == INFLATE_BYTES) {
            judge(self, &next, link);
            return SOURCE_LINK;
        }
    }
    return SOURCE_END;
}

int
source_fd(const source *self)
{
    return self->lines ? lines_fd(self->lines) : -1;
}

bool
source_is_rereadable(const source *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->parts[i].passing)
            return false;
    return true;
}

uint64_t
source_read_bytes(const source *self)
{
    return self->bytes_before + (self->lines ? lines_taken(self->lines) : 0);
}

uint64_t
source_total_bytes(const source *self)
{
    return self->total_known ? self->total_bytes : 0;
}

uint64_t
source_lines(const source *self)
{
    return self->lines_before + (self->lines ? lines_passed(self->lines) : 0);
}
