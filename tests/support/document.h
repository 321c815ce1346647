/* document — the tables of a Markdown file, as rows that a test can walk.
 *
 * Why it exists: PROTOCOL.md's tables are promises; a test that reads them makes sure
 * that they are kept. */
#ifndef SUPPORT_DOCUMENT_H
#define SUPPORT_DOCUMENT_H

#include <stddef.h>

enum { DOCUMENT_CELLS = 6 };

typedef struct {
    const char *heading; /* the whole line above, without its marks */
    const char
        *cells[DOCUMENT_CELLS]; /* trimmed, without backticks; "" where there is none */
    size_t line;
} document_row;

typedef struct document document;

/* The test fails if the file cannot be read. */
document *document_read(const char *path);
void document_destroy(document **self_p);

/* Row `index` of all tables, their heads left out; NULL past the end. */
const document_row *document_at(const document *self, size_t index);

#endif
