#include "launcher/setup.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launcher/record_name.h"
#include "proto/scope.h"

struct setup {
    const tl_options *options;
    char *output; /* absolute */
    char *record;
    bool reads_stdin;
};

static void
free_text(char **text_p)
{
    free(*text_p);
    *text_p = NULL;
}

void
setup_destroy(setup **self_p)
{
    assert(self_p);
    if (!*self_p)
        return;
    free_text(&(*self_p)->output);
    free_text(&(*self_p)->record);
    free(*self_p);
    *self_p = NULL;
}

/* Make a folder and those above it; what is there already is fine. */
static tl_fault
make_folder(const char *path, tl_error *err)
{
    char part[PATH_MAX];
    size_t size = strlen(path);

    if (size >= sizeof part)
        return tl_fail(err, TL_CANNOT_START, "the path %.40s... is too long", path);
    memcpy(part, path, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0777) == -1 && errno != EEXIST)
            return tl_fail_errno(err, TL_CANNOT_START, "cannot make the folder %s", part);
        part[i] = path[i];
    }
    return TL_OK;
}

/* Before anything is made: a name with a slip in it should leave no trace. */
static tl_fault
check_lists(setup *self, tl_error *err)
{
    for (size_t i = 0; i < tl_words(self->options); i++) {
        const char *word = tl_word(self->options, i);

        if (strcmp(word, "-") == 0)
            self->reads_stdin = true;
        else if (!strstr(word, "://") && access(word, R_OK) == -1)
            return tl_fail_errno(err, TL_CANNOT_START, "cannot read the list %s", word);
    }
    if (tl_words(self->options) == 0)
        return tl_fail(err, TL_USAGE,
                       "nothing to do: name a list of links, '-' for standard input, or "
                       "links; see thumbline run --help");
    return TL_OK;
}

/* Absolute and free of links, since it is part of the run's identity. */
static tl_fault
find_output(setup *self, tl_error *err)
{
    const char *output = tl_text(self->options, TL_OPT_OUTPUT);

    if (*output == '\0')
        return tl_fail(err, TL_USAGE, "--output is empty: name a folder");
    if (make_folder(output, err) != TL_OK)
        return tl_within(err, "--output");
    self->output = realpath(output, NULL);
    if (!self->output || access(self->output, W_OK | X_OK) == -1)
        return tl_fail_errno(err, TL_CANNOT_START, "--output: cannot write to %s",
                             output);
    return TL_OK;
}

static tl_fault
find_record(setup *self, tl_error *err)
{
    const char *record = tl_text(self->options, TL_OPT_RECORD);
    char name[RECORD_NAME_BYTES];
    TL_SCOPED(free_text) char *folder = NULL;

    if (*record) {
        self->record = strdup(record);
        return self->record ? TL_OK : tl_fail(err, TL_NO_MEMORY, "no memory for a path");
    }
    if (record_name(self->options, name, err) != TL_OK)
        return err->fault;
    if (asprintf(&folder, "%s/.thumbline", self->output) == -1)
        folder = NULL;
    if (folder && make_folder(folder, err) != TL_OK)
        return tl_within(err, "--output");
    if (!folder || asprintf(&self->record, "%s/%s.db", folder, name) == -1) {
        self->record = NULL;
        return tl_fail(err, TL_NO_MEMORY, "no memory for a path");
    }
    return TL_OK;
}

setup *
setup_new(const tl_options *options, tl_error *err)
{
    TL_SCOPED(setup_destroy) setup *self = calloc(1, sizeof *self);

    if (!self) {
        (void) tl_fail(err, TL_NO_MEMORY, "no memory to start with");
        return NULL;
    }
    self->options = options;
    if (check_lists(self, err) != TL_OK || find_output(self, err) != TL_OK ||
        find_record(self, err) != TL_OK)
        return NULL;
    return TL_GIVE(self);
}

bool
setup_reads_stdin(const setup *self)
{
    return self->reads_stdin;
}

/* ---- what each program is told ---------------------------------------------------- */

/* What the person said, except for what only we know; a later word beats an earlier. */
static void
add_options(const setup *self, tl_program program, words *its)
{
    char *word = NULL;

    for (size_t i = 0; (word = tl_options_forward(self->options, program, i)); i++) {
        words_add(its, "%s", word);
        free_text(&word);
    }
}

static void
add_sink(const setup *self, const char *sockets, words *its)
{
    words_add(its, "--run=ipc://%s/run", sockets);
    words_add(its, "--report=ipc://%s/report", sockets);
    words_add(its, "--record=%s", self->record);
}

/* One name for all workers of this run: one that comes after a dead one takes over, and
 * removes what that left half written; and never what another run's worker writes. */
static void
add_worker(const setup *self, const char *sockets, words *its)
{
    char host[HOST_NAME_MAX + 1] = "worker";
    const char *dash = strrchr(sockets, '-');

    (void) gethostname(host, sizeof host - 1);
    words_add(its, "--name=%.40s%s", host, dash ? dash : "");
    words_add(its, "--ventilator=ipc://%s/control", sockets);
    words_add(its, "--output-root=%s", self->output);
}

static void
add_ventilator(const setup *self, const char *sockets, words *its)
{
    words_add(its, "--control=ipc://%s/control", sockets);
    words_add(its, "--sink=ipc://%s/run", sockets);
    words_add(its, "--output=%s", self->output);
    words_add(its, "--");
    for (size_t i = 0; i < tl_words(self->options); i++)
        words_add(its, "%s", tl_word(self->options, i));
}

words *
setup_words(const setup *self, tl_program program, const char *sockets)
{
    words *its = words_new();
    const char *name = program == TL_SINK     ? "thumbline-sink"
                       : program == TL_WORKER ? "thumbline-worker"
                                              : "thumbline-ventilator";

    words_add(its, "%s", name);
    /* The terminal belongs to progress and summary; a person who asks for more gets it.
     */
    words_add(its, "--log-level=warning");
    add_options(self, program, its);
    if (program == TL_SINK)
        add_sink(self, sockets, its);
    else if (program == TL_WORKER)
        add_worker(self, sockets, its);
    else
        add_ventilator(self, sockets, its);
    return its;
}
