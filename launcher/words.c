#include "launcher/words.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct words {
    char **argv;
    size_t count;
    bool failed;
};

words *
words_new(void)
{
    words *self = calloc(1, sizeof *self);

    if (self)
        self->argv = calloc(1, sizeof *self->argv);
    if (self && !self->argv)
        words_destroy(&self);
    return self;
}

void
words_destroy(words **self_p)
{
    assert(self_p);
    words *self = *self_p;

    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        free(self->argv[i]);
    free(self->argv);
    free(self);
    *self_p = NULL;
}

void
words_add(words *self, const char *format, ...)
{
    char *word = NULL;
    va_list args;

    if (!self || self->failed)
        return;
    va_start(args, format);
    self->failed = vasprintf(&word, format, args) == -1;
    va_end(args);
    if (self->failed)
        return;
    char **grown = realloc(self->argv, (self->count + 2) * sizeof *grown);
    if (!grown) {
        self->failed = true;
        free(word);
        return;
    }
    self->argv = grown;
    grown[self->count++] = word;
    grown[self->count] = NULL;
}

char **
words_argv(const words *self)
{
    return self && !self->failed ? self->argv : NULL;
}
