#include "tests/support/document.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/unit.h"

enum { ROWS = 2048, FILE_BYTES = 1 << 20 };

struct document {
    char text[FILE_BYTES];
    document_row rows[ROWS];
    size_t count;
};

static char *
trimmed(char *text)
{
    text += strspn(text, " `");
    for (char *end = text + strlen(text);
         end > text && (end[-1] == ' ' || end[-1] == '`');)
        *--end = '\0';
    return text;
}

/* "| a | b |" -> "a", "b" */
static void
split(char *line, document_row *row)
{
    char *rest = line + 1;
    size_t i = 0;

    for (char *cell; i < DOCUMENT_CELLS && (cell = strsep(&rest, "|")) && rest;)
        row->cells[i++] = trimmed(cell);
    while (i < DOCUMENT_CELLS)
        row->cells[i++] = "";
}

static void
read_lines(document *self)
{
    const char *heading = "";
    char *rest = self->text;
    size_t number = 0;
    bool in_table = false;

    for (char *line; (line = strsep(&rest, "\n"));) {
        bool is_row = line[0] == '|';

        number++;
        if (line[0] == '#')
            heading = line + strspn(line, "# ");
        /* The first row of a table is its head, the second only draws a line. */
        if (is_row && in_table && line[1] != '-') {
            assert_true(self->count < ROWS);
            document_row *row = &self->rows[self->count++];

            *row = (document_row){.heading = heading, .line = number};
            split(line, row);
        }
        in_table = is_row;
    }
}

document *
document_read(const char *path)
{
    document *self = calloc(1, sizeof *self);

    assert_non_null(self);
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("cannot read %s", path);
    size_t size = fread(self->text, 1, sizeof self->text - 1, file);
    (void) fclose(file); /* it was only read */
    assert_in_range(size, 1, sizeof self->text - 2);
    read_lines(self);
    return self;
}

void
document_destroy(document **self_p)
{
    free(*self_p);
    *self_p = NULL;
}

const document_row *
document_at(const document *self, size_t index)
{
    return index < self->count ? &self->rows[index] : NULL;
}
