/* fuzz_lines — a list with anything in it, gzip included. Whatever it is, each line that
 * comes out is one, and each link can be written into a message. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proto/message.h"
#include "proto/scope.h"
#include "proto/utf8.h"
#include "ventilator/batches.h"
#include "ventilator/lines.h"
#include "ventilator/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
must(bool held)
{
    if (!held)
        __builtin_trap();
}

static void
check_line(const line *it, uint64_t before)
{
    must(it->size > 0 && it->size <= TL_URL_BYTES && it->text[it->size] == '\0');
    must(it->text[0] != '#' && it->text[0] != ' ' && it->text[0] != '\t');
    must(memchr(it->text, '\n', it->size) == NULL && it->number > before);
    must(it->cut || strchr(" \t\r", it->text[it->size - 1]) == NULL ||
         it->text[it->size - 1] == '\0');
}

/* How many lines there are; -1 if the list cannot be read to its end. */
static int64_t
read_lines(int fd)
{
    TL_SCOPED(lines_destroy) lines *list = lines_new(dup(fd));
    inflate_result result = INFLATE_BYTES;
    int64_t count = 0;
    uint64_t before = 0;

    must(list && lseek(fd, 0, SEEK_SET) == 0);
    for (;; count++) {
        line it;
        tl_error err = {.fault = TL_OK};

        result = lines_next(list, &it, &err);
        must((result == INFLATE_FAILED) == (err.fault != TL_OK));
        if (result != INFLATE_BYTES)
            break;
        check_line(&it, before);
        before = it.number;
    }
    must(result == INFLATE_END || result == INFLATE_FAILED);
    must(lines_passed(list) >= before);
    return result == INFLATE_END ? count : -1;
}

static void
check_link(const source_link *link)
{
    must(tl_utf8_valid((const uint8_t *) link->url, link->url_size));
    must(link->url_size <= TL_URL_BYTES && link->url[link->url_size] == '\0');
    must((link->fault == TL_OK) == (link->name[0] != '\0'));
    must(link->fault == TL_OK || tl_fault_ends_link(link->fault));
}

static int64_t
read_links(int fd)
{
    char path[32];
    const char *words[] = {path};
    const uint8_t run[TL_SHA_BYTES] = {0};
    tl_error err = {.fault = TL_OK};
    TL_SCOPED(batches_destroy) batches *packed = batches_new();

    (void) snprintf(path, sizeof path, "/dev/fd/%d", fd);
    TL_SCOPED(source_destroy) source *links = source_new(words, 1, run, &err);
    must(links && packed);
    for (int64_t count = 0;; count++) {
        source_link link;
        source_result result = source_next(links, &link, &err);

        if (result != SOURCE_LINK)
            return result == SOURCE_END ? count : -1;
        check_link(&link);
        if (!batches_has_room(packed, &link))
            must(batches_close(packed, 1, &err) != NULL);
        must(batches_add(packed, &link, &err) == TL_OK);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int fd = memfd_create("list", MFD_CLOEXEC);

    must(fd != -1 && write(fd, bytes, size) == (ssize_t) size);
    must(read_lines(fd) == read_links(fd));
    (void) close(fd); /* it is memory */
    return 0;
}
