#include "worker/output.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/limits.h"
#include "proto/scope.h"

enum { PREFIX_BYTES = TL_WORKER_NAME_BYTES + 32 };

struct output {
    int folder;
    bool nameless; /* does the file system have files without a name? */
    uint64_t hidden_names;
    char prefix[PREFIX_BYTES]; /* of hidden names: ".thumbline-WORKER-" */
};

static void
free_text(char **text_p)
{
    free(*text_p);
}

static void
close_descriptor(const int *descriptor)
{
    if (*descriptor != -1)
        (void) close(*descriptor);
}

int
output_descriptor(const output *self)
{
    return self->folder;
}

/* ---- where is it? ----------------------------------------------------------------- */

static bool
climbs(const char *path)
{
    for (const char *at = path; (at = strstr(at, "..")); at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/'))
            return true;
    return false;
}

/* The path without symbolic links. What does not exist yet has none, and no `..` either,
 * since that would depend on what it is going to be. */
static tl_fault
canonical(const char *path, char out[PATH_MAX], tl_error *err)
{
    char existing[PATH_MAX];
    size_t whole = strlen(path);
    size_t size = whole;

    if (whole >= PATH_MAX)
        return tl_fail(err, TL_REFUSED, "the output's path is too long");
    memcpy(existing, path, whole + 1);
    while (size > 0 && !realpath(existing, out)) {
        if (errno != ENOENT)
            return tl_fail_errno(err, TL_CANNOT_START, "%s", existing);
        while (size > 0 && existing[size - 1] == '/')
            size--;
        while (size > 0 && existing[size - 1] != '/')
            size--;
        existing[size] = '\0';
    }
    if (size == 0 || climbs(path + size))
        return tl_fail(err, TL_REFUSED, "%s leads through a folder that does not exist",
                       path);
    size_t used = strlen(out);
    int more = snprintf(out + used, PATH_MAX - used, "/%s", path + size);
    if (more < 0 || (size_t) more >= PATH_MAX - used)
        return tl_fail(err, TL_REFUSED, "the output's path is too long");
    return TL_OK;
}

/* The part of `path` below `root`, both canonical; NULL if it is not below. */
static const char *
below(const char *root, const char *path)
{
    size_t size = strlen(root);

    if (strcmp(root, "/") == 0)
        return path + 1;
    if (strncmp(root, path, size) != 0 || (path[size] != '/' && path[size] != '\0'))
        return NULL;
    return path + size;
}

/* Make and open `path`, one component after the other. None of them is a symbolic link
 * unless somebody puts one there this very moment; O_NOFOLLOW stops that. */
static int
open_below(int root, const char *path)
{
    char component[NAME_MAX + 1];
    int at = root;

    while (at != -1) {
        path += strspn(path, "/");
        size_t size = strcspn(path, "/");
        if (size == 0)
            return at;
        if (size > NAME_MAX) {
            errno = ENAMETOOLONG;
            size = 0;
        }
        memcpy(component, path, size);
        component[size] = '\0';
        int next = -1;
        if (size > 0 && (mkdirat(at, component, 0777) == 0 || errno == EEXIST))
            next = openat(at, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int reason = errno;
        (void) close(at);
        errno = reason;
        at = next;
        path += size;
    }
    return -1;
}

static tl_fault
enter(output *self, const char *root, const char *folder, tl_error *err)
{
    char real_root[PATH_MAX];
    char real_folder[PATH_MAX];
    TL_SCOPED(free_text) char *path = NULL;

    if (!realpath(root, real_root))
        return tl_fail_errno(err, TL_CANNOT_START, "--output-root %s", root);
    if (asprintf(&path, "%s%s%s", folder[0] == '/' ? "" : real_root,
                 folder[0] == '/' ? "" : "/", folder) == -1) {
        path = NULL;
        return tl_fail(err, TL_NO_MEMORY, "opening the output");
    }
    if (canonical(path, real_folder, err) != TL_OK)
        return tl_within(err, "output %s", folder);
    const char *rest = below(real_root, real_folder);
    if (!rest)
        return tl_fail(err, TL_REFUSED,
                       "the run's output %s lies outside this worker's --output-root %s",
                       folder, real_root);
    int at = open(real_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at != -1)
        at = open_below(at, rest);
    if (at == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot open the output %s",
                             real_folder);
    self->folder = at;
    return TL_OK;
}

/* ---- drafts ----------------------------------------------------------------------- */

/* Names separate their parts by '-', so a worker's own name must not have one. */
static void
make_prefix(output *self, const char *worker)
{
    int used = snprintf(self->prefix, PREFIX_BYTES, ".thumbline-%.*s-",
                        TL_WORKER_NAME_BYTES, worker);
    size_t first = strlen(".thumbline-");

    assert(used > 0 && (size_t) used < PREFIX_BYTES);
    for (size_t i = first; i + 1 < (size_t) used; i++)
        if (self->prefix[i] == '-' || self->prefix[i] == '/')
            self->prefix[i] = '_';
}

void
output_hidden_name(output *self, char *name)
{
    (void) snprintf(name, NAME_MAX + 1, "%s%" PRIu64 ".tmp", self->prefix,
                    ++self->hidden_names);
    (void) unlinkat(self->folder, name, 0); /* an earlier process of this name left it */
}

int
output_draft(output *self, char *name)
{
    name[0] = '\0';
    if (self->nameless)
        return openat(self->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    output_hidden_name(self, name);
    return openat(self->folder, name,
                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

/* Only needed where files must have names; elsewhere a killed worker leaves nothing, and
 * a folder of millions would take long to look through. */
static void
sweep(const output *self)
{
    int copy = openat(self->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = copy == -1 ? NULL : fdopendir(copy);

    if (!folder) {
        close_descriptor(&copy);
        return; /* then they stay: ugly, harmless */
    }
    /* Each DIR is used by one thread, so readdir is safe here. */
    for (const struct dirent *entry;
         (entry = readdir(folder));) /* NOLINT(concurrency-mt-unsafe) */
        if (strncmp(entry->d_name, self->prefix, strlen(self->prefix)) == 0)
            (void) unlinkat(self->folder, entry->d_name, 0);
    (void) closedir(folder);
}

/* Can a file be made here, and does it need a name? */
static tl_fault
probe(output *self, const char *folder, tl_error *err)
{
    char name[NAME_MAX + 1];

    self->nameless = true;
    int draft = output_draft(self, name);
    if (draft == -1 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) {
        self->nameless = false;
        sweep(self);
        draft = output_draft(self, name);
        if (draft != -1)
            (void) unlinkat(self->folder, name, 0);
    }
    if (draft == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "cannot write to the output %s",
                             folder);
    (void) close(draft);
    return TL_OK;
}

output *
output_open(const char *root, const char *folder, const char *worker, tl_error *err)
{
    TL_SCOPED(output_close) output *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "opening the output");
        return NULL;
    }
    self->folder = -1;
    make_prefix(self, worker);
    if (enter(self, root, folder, err) != TL_OK || probe(self, folder, err) != TL_OK)
        return NULL;
    return TL_GIVE(self);
}

void
output_close(output **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    close_descriptor(&(*self_p)->folder);
    free(*self_p);
    *self_p = NULL;
}
