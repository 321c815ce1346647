#include "worker/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "proto/digest.h"
#include "proto/scope.h"

enum {
    CHUNK_BYTES = 64 << 10,
    FILE_BYTES = 1 << 30, /* of an existing file; no body is larger */
    ATTEMPTS = 3,         /* whoever holds the name may go away while we look at it */
};

static const char stamp_name[] = "user.thumbline";

/* One attribute in bytes, not two in hex: it fits into the inode beside the times, where
 * more would cost a block of its own. */
_Static_assert(sizeof(publish_stamp) == TL_KEY_BYTES + TL_SHA_BYTES, "no padding");

static void
close_descriptor(const int *descriptor)
{
    if (*descriptor != -1)
        (void) close(*descriptor);
}

static tl_fault
write_fault(tl_error *err, const char *name)
{
    tl_fault fault = errno == ENOSPC || errno == EDQUOT ? TL_DISK_FULL : TL_WRITE_FAILED;

    return tl_fail_errno(err, fault, "writing %s", name);
}

/* ---- writing ---------------------------------------------------------------------- */

static bool
write_all(int draft, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(draft, bytes, size);

        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return false;
        bytes += n;
        size -= (size_t) n;
    }
    return true;
}

/* Give the draft its name; fails with EEXIST if that is taken. */
static int
link_draft(const output *folder, int draft, const char *draft_name, const char *name)
{
    char path[64];
    int at = output_descriptor(folder);

    if (draft_name[0] != '\0')
        return renameat2(at, draft_name, at, name, RENAME_NOREPLACE);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", draft);
    return linkat(AT_FDCWD, path, at, name, AT_SYMLINK_FOLLOW);
}

/* Put the draft in the place of a damaged file of ours. Only a rename can replace. */
static int
replace_with(output *folder, int draft, const char *draft_name, const char *name)
{
    char hidden[NAME_MAX + 1];
    int at = output_descriptor(folder);

    if (draft_name[0] != '\0')
        return renameat(at, draft_name, at, name);
    output_hidden_name(folder, hidden);
    if (link_draft(folder, draft, "", hidden) != 0)
        return -1;
    int done = renameat(at, hidden, at, name);
    int reason = errno;
    (void) unlinkat(at, hidden, 0); /* is there if the rename failed */
    errno = reason;
    return done;
}

/* ---- what is there already? ------------------------------------------------------- */

typedef enum { GONE, FOREIGN, UNSTAMPED, DAMAGED, SAME, OURS } existing;

static bool
has_bytes(int there, const uint8_t *bytes, size_t size)
{
    uint8_t chunk[CHUNK_BYTES];

    for (size_t at = 0; at < size;) {
        ssize_t n = pread(there, chunk, sizeof chunk, (off_t) at);

        if (n <= 0 || (size_t) n > size - at ||
            memcmp(chunk, bytes + at, (size_t) n) != 0)
            return false;
        at += (size_t) n;
    }
    return true;
}

static bool
has_digest(int there, const uint8_t sha256[TL_SHA_BYTES])
{
    uint8_t chunk[CHUNK_BYTES];
    uint8_t found[TL_SHA_BYTES];
    ssize_t n = 0;
    off_t at = 0;
    TL_SCOPED(tl_digest_destroy) tl_digest *digest = tl_digest_new();

    if (!digest)
        return false;
    tl_digest_start(digest);
    while ((n = pread(there, chunk, sizeof chunk, at)) > 0) {
        tl_digest_add(digest, chunk, (size_t) n);
        at += n;
    }
    tl_digest_finish(digest, found);
    return n == 0 && memcmp(found, sha256, sizeof found) == 0;
}

static existing
judge(const output *folder, const publish_file *file)
{
    struct stat facts;
    publish_stamp stamp;
    TL_SCOPED(close_descriptor)
    int there = openat(output_descriptor(folder), file->name,
                       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (there == -1)
        return errno == ENOENT ? GONE : FOREIGN;
    if (fstat(there, &facts) != 0 || !S_ISREG(facts.st_mode))
        return FOREIGN;
    if ((size_t) facts.st_size == file->size && has_bytes(there, file->bytes, file->size))
        return SAME;
    if (fgetxattr(there, stamp_name, &stamp, sizeof stamp) != (ssize_t) sizeof stamp)
        return UNSTAMPED;
    if (memcmp(stamp.key, file->stamp.key, sizeof stamp.key) != 0)
        return FOREIGN;
    if (facts.st_size > FILE_BYTES || !has_digest(there, stamp.sha256))
        return DAMAGED;
    return OURS;
}

/* ---- publishing ------------------------------------------------------------------- */

/* What is there has the name now, unless it is damaged and ours. */
static publish_end
end_at(existing there)
{
    static const publish_end ends[] = {
        [FOREIGN] = PUBLISH_TAKEN,
        [UNSTAMPED] = PUBLISH_TAKEN,
        [SAME] = PUBLISH_SAME,
        [OURS] = PUBLISH_OURS,
    };

    return ends[there];
}

/* False and errno if the draft cannot get the name for another reason than that it is
 * taken. */
static bool
settle_name(output *folder, const publish_file *file, int draft, const char *draft_name,
            publish_end *end)
{
    for (int i = 0; i < ATTEMPTS; i++) {
        *end = PUBLISH_NEW;
        if (link_draft(folder, draft, draft_name, file->name) == 0)
            return true;
        if (errno != EEXIST)
            return false;

        existing there = judge(folder, file);
        if (there == GONE)
            continue;
        if (there == DAMAGED || (there == UNSTAMPED && file->name_has_key))
            return replace_with(folder, draft, draft_name, file->name) == 0;
        *end = end_at(there);
        return true;
    }
    errno = EBUSY;
    return false;
}

tl_fault
publish(output *folder, const publish_file *file, publish_end *end, tl_error *err)
{
    char draft_name[NAME_MAX + 1];
    TL_SCOPED(close_descriptor) int draft = output_draft(folder, draft_name);

    if (draft == -1)
        return write_fault(err, file->name);
    bool written = write_all(draft, file->bytes, file->size);
    if (written) /* where attributes are not supported, names and bytes have to do */
        (void) fsetxattr(draft, stamp_name, &file->stamp, sizeof file->stamp, 0);
    bool fine = written && settle_name(folder, file, draft, draft_name, end);
    tl_fault fault = fine ? TL_OK : write_fault(err, file->name);
    if (draft_name[0] != '\0') /* is there unless it was renamed */
        (void) unlinkat(output_descriptor(folder), draft_name, 0);
    return fault;
}

tl_buf *
publish_read(const output *folder, const char *name, tl_error *err)
{
    uint8_t chunk[CHUNK_BYTES];
    ssize_t n = 0;
    TL_SCOPED(close_descriptor)
    int there =
        openat(output_descriptor(folder), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    TL_SCOPED(tl_buf_destroy) tl_buf *content = tl_buf_new(FILE_BYTES);

    if (there == -1 || !content) {
        (void) tl_fail_errno(err, TL_WRITE_FAILED, "reading %s", name);
        return NULL;
    }
    while ((n = read(there, chunk, sizeof chunk)) > 0)
        if (tl_buf_add(content, chunk, (size_t) n, err) != TL_OK)
            return NULL;
    if (n != 0) {
        (void) tl_fail_errno(err, TL_WRITE_FAILED, "reading %s", name);
        return NULL;
    }
    return TL_GIVE(content);
}
