#include "proto/runtime_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/inherited.h"
#include "proto/scope.h"

static const char prefix[] = "thumbline-";

enum {
    NAME_BYTES = sizeof prefix + 5, /* and the six characters of mkdtemp */
    MAKE_TRIES = 16, /* a sweep may take a new folder before it is locked */
};

static void
close_fd(const int *fd)
{
    if (*fd != -1)
        (void) close(*fd); /* nothing was written to it */
}

static void
close_listing(DIR **listing_p)
{
    if (*listing_p)
        (void) closedir(*listing_p);
}

/* ---- removing --------------------------------------------------------------------- */

static DIR *
list_folder(int folder)
{
    int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy == -1 ? NULL : fdopendir(copy);

    if (!listing)
        close_fd(&copy);
    return listing;
}

/* A folder may look like ours and hold somebody's files: those stay, and so does it. */
static void
remove_sockets(int folder)
{
    TL_SCOPED(close_listing) DIR *listing = list_folder(folder);
    struct stat facts;

    if (!listing)
        return;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the listing is ours alone */
    for (struct dirent *each; (each = readdir(listing));)
        if (fstatat(folder, each->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISSOCK(facts.st_mode))
            (void) unlinkat(folder, each->d_name, 0); /* the next sweep tries again */
}

static bool
is_ours(int folder)
{
    struct stat facts;

    return fstat(folder, &facts) == 0 && facts.st_uid == geteuid() &&
           (facts.st_mode & 07777) == 0700;
}

static void
remove_if_free(int base, const char *name)
{
    TL_SCOPED(close_fd)
    int folder = openat(base, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    /* From here to the end nobody can start to use it: they would wait for this lock,
     * and then find that the folder is gone. */
    if (folder == -1 || !is_ours(folder) || flock(folder, LOCK_EX | LOCK_NB) == -1)
        return;
    remove_sockets(folder);
    (void) unlinkat(base, name, AT_REMOVEDIR);
}

void
tl_runtime_dir_sweep(const char *base)
{
    TL_SCOPED(close_listing) DIR *listing = opendir(base);

    if (!listing)
        return; /* nothing of ours is where we may not look */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the listing is ours alone */
    for (struct dirent *each; (each = readdir(listing));)
        if (strncmp(each->d_name, prefix, sizeof prefix - 1) == 0 &&
            strlen(each->d_name) == NAME_BYTES)
            remove_if_free(dirfd(listing), each->d_name);
}

/* ---- making ----------------------------------------------------------------------- */

/* Lock a folder just made; false if a sweep was faster. */
static bool
hold(tl_runtime_dir *self)
{
    struct stat facts;

    self->fd = open(self->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (self->fd != -1 && flock(self->fd, LOCK_SH) == 0 && fstat(self->fd, &facts) == 0 &&
        facts.st_nlink > 0)
        return true;
    close_fd(&self->fd);
    self->fd = -1;
    return false;
}

tl_fault
tl_runtime_dir_make_in(const char *base, tl_runtime_dir *self, tl_error *err)
{
    self->fd = -1;
    if (strlen(base) + 1 + NAME_BYTES >= sizeof self->path)
        return tl_fail(err, TL_CANNOT_START, "%s is too long for a folder of sockets",
                       base);
    for (int i = 0; i < MAKE_TRIES; i++) {
        (void) snprintf(self->path, sizeof self->path, "%s/%sXXXXXX", base, prefix);
        if (!mkdtemp(self->path))
            return tl_fail_errno(err, TL_CANNOT_START, "cannot make a folder in %s",
                                 base);
        if (hold(self))
            return TL_OK;
    }
    return tl_fail_errno(err, TL_CANNOT_START, "cannot keep a folder in %s", base);
}

/* A place that others could write to without its sticky bit would let them swap the
 * folder; /tmp has that bit. */
static bool
is_fit(const char *base)
{
    struct stat facts;

    return base && *base == '/' && stat(base, &facts) == 0 && S_ISDIR(facts.st_mode) &&
           (facts.st_uid == geteuid() || facts.st_uid == 0) &&
           (!(facts.st_mode & 022) || (facts.st_mode & S_ISVTX));
}

tl_fault
tl_runtime_dir_make(tl_runtime_dir *self, tl_error *err)
{
    char of_user[32];
    const char *bases[] = {
        getenv("XDG_RUNTIME_DIR"), /* NOLINT(concurrency-mt-unsafe): no threads yet */
        of_user,
        "/tmp",
    };

    tl_error why = {0};

    self->fd = -1;
    (void) snprintf(of_user, sizeof of_user, "/run/user/%u", (unsigned) geteuid());
    (void) tl_fail(&why, TL_CANNOT_START,
                   "there is no place for a folder of sockets: /tmp is no folder, or "
                   "anybody may rename what is in it");
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        if (!is_fit(bases[i]))
            continue;
        tl_runtime_dir_sweep(bases[i]);
        if (self->fd == -1)
            (void) tl_runtime_dir_make_in(bases[i], self, &why);
    }
    if (self->fd == -1)
        *err = why;
    return self->fd == -1 ? err->fault : TL_OK;
}

/* ---- using ------------------------------------------------------------------------ */

int
tl_runtime_dir_inherited(void)
{
    int fd = tl_inherited_fd(TL_RUNTIME_FD);

    return fd != -1 && is_ours(fd) ? fd : -1;
}

void
tl_runtime_dir_leave(int *fd)
{
    char proc[32];
    char folder[TL_RUNTIME_DIR_BYTES] = "";

    if (*fd == -1)
        return;
    (void) snprintf(proc, sizeof proc, "/proc/self/fd/%d", *fd);
    ssize_t size = readlink(proc, folder, sizeof folder - 1);
    (void) close(*fd);
    *fd = -1;
    char *name = size > 0 ? strrchr(folder, '/') : NULL;
    if (!name || strncmp(name + 1, prefix, sizeof prefix - 1) != 0)
        return; /* not a folder that tl_runtime_dir_make made */
    *name++ = '\0';
    TL_SCOPED(close_fd) int base = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base != -1)
        remove_if_free(base, name);
}
