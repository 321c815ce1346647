/* words — a command line that is being put together.
 *
 * Why it exists: each program gets a dozen words, each of which may find memory out. The
 * first failure sticks, so there is one line a word and one question at the end. */
#ifndef LAUNCHER_WORDS_H
#define LAUNCHER_WORDS_H

typedef struct words words;

/* NULL when memory is out; words_add takes that too. */
words *words_new(void);
void words_destroy(words **self_p);

void words_add(words *self, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What exec wants, NULL at its end; NULL if memory was out. Belongs to self. */
char **words_argv(const words *self);

#endif
