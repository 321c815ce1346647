/* folder — a temporary folder for a test, and files in it by their content. */
#ifndef TESTS_WORKER_FOLDER_H
#define TESTS_WORKER_FOLDER_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    char path[64];
} folder;

static inline void
folder_make(folder *self)
{
    (void) snprintf(self->path, sizeof self->path, "/tmp/tl-test-XXXXXX");
    if (!mkdtemp(self->path))
        abort();
}

static inline void
folder_sweep(int at)
{
    DIR *all = fdopendir(at);

    for (const struct dirent *it; all && (it = readdir(all));) {
        if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0)
            continue;
        if (unlinkat(at, it->d_name, 0) == 0)
            continue;
        folder_sweep(openat(at, it->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
        (void) unlinkat(at, it->d_name, AT_REMOVEDIR);
    }
    if (all)
        (void) closedir(all);
}

static inline void
folder_remove(folder *self)
{
    folder_sweep(open(self->path, O_RDONLY | O_DIRECTORY));
    (void) rmdir(self->path);
}

static inline const char *
folder_path(const folder *self, const char *name, char out[PATH_MAX])
{
    (void) snprintf(out, PATH_MAX, "%s/%s", self->path, name);
    return out;
}

static inline void
folder_write(const folder *self, const char *name, const char *text)
{
    char path[PATH_MAX];
    FILE *out = fopen(folder_path(self, name, path), "we");

    if (!out || fputs(text, out) < 0 || fclose(out) != 0)
        abort();
}

/* Does the file hold exactly that text? */
static inline bool
folder_has(const folder *self, const char *name, const char *text)
{
    char path[PATH_MAX];
    char found[256] = {0};
    FILE *in = fopen(folder_path(self, name, path), "re");

    if (!in)
        return false;
    size_t size = fread(found, 1, sizeof found - 1, in);
    (void) fclose(in);
    return size == strlen(text) && memcmp(found, text, size) == 0;
}

/* How many files are there, hidden ones included? */
static inline size_t
folder_count(const folder *self)
{
    size_t count = 0;
    DIR *all = opendir(self->path);

    while (all && readdir(all))
        count++;
    if (all)
        (void) closedir(all);
    return count - 2; /* . and .. */
}

#endif
