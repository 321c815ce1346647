/* fuzz_url — any text as a link, any bytes as a file name. What comes out is a name that
 * a file can have, a person can read and nobody can trick. */
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "proto/utf8.h"
#include "ventilator/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void
must(bool held)
{
    if (!held)
        __builtin_trap();
}

static void
check_name(const char *name)
{
    size_t size = strnlen(name, TL_NAME_BYTES + 1);

    must(size > 0 && size <= TL_NAME_BYTES);
    must(tl_utf8_valid((const uint8_t *) name, size));
    must(name[0] != '.' && name[0] != '-' && name[0] != ' ');
    must(name[size - 1] != '.' && name[size - 1] != ' ');
    for (size_t i = 0; i < size; i++)
        must((uint8_t) name[i] >= 0x20 && strchr("/\\:*?\"<>|\x7f", name[i]) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    TL_SCOPED(url_parser_destroy) url_parser *parser = url_parser_new();
    char *text = malloc(size + 8);
    char name[TL_NAME_BYTES + 1];
    char twice[TL_NAME_BYTES + 1];

    must(parser && text);
    url_safe_name((const char *) bytes, size, name);
    check_name(name);
    /* A safe name is left as it is. */
    url_safe_name(name, strlen(name), twice);
    must(strlen(name) == TL_NAME_BYTES || strcmp(name, twice) == 0);

    if (size > 0)
        memcpy(text + 7, bytes, size);
    text[size + 7] = '\0';
    memcpy(text, "http://", 7);
    if (url_check(parser, text, name) == TL_OK)
        check_name(name);
    (void) url_check(parser, text + 7, name); /* as it came */
    free(text);
    return 0;
}
