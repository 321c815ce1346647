#include "worker/names.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/digest.h"

enum { KEY_TEXT_BYTES = 4, EXTENSION_BYTES = 5 };

static const char thumbnail_mark[] = "_thumbnail";

/* Endings that people give to pictures, and the type that each of them promises. */
static const struct {
    char ending[EXTENSION_BYTES];
    char type[EXTENSION_BYTES];
} endings[] = {
    {"jpg", "jpeg"}, {"jpeg", "jpeg"}, {"jpe", "jpeg"},  {"jfif", "jpeg"},
    {"png", "png"},  {"gif", "gif"},   {"webp", "webp"}, {"avif", "avif"},
    {"tif", "tiff"}, {"tiff", "tiff"}, {"heic", "heic"}, {"jxl", "jxl"},
    {"svg", "svg"},  {"bmp", "bmp"},
};

_Static_assert(TL_NAME_BYTES + EXTENSION_BYTES * 2 + 1 + KEY_TEXT_BYTES * 2 +
                       sizeof thumbnail_mark <=
                   NAME_ROOM,
               "the longest wanted name and all that is added must fit");

bool
name_is_safe(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > TL_NAME_BYTES || name[0] == '.')
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char) name[i] < 0x20 || name[i] == 0x7f || name[i] == '/')
            return false;
    return true;
}

/* The type that an ending promises; NULL if it is not a picture's. */
static const char *
type_of(const char *ending)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(endings[i].ending, ending) == 0)
            return endings[i].type;
    return NULL;
}

/* The usual ending of a type; each type's first row. */
static const char *
ending_of(const char *type)
{
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (strcmp(endings[i].type, type) == 0)
            return endings[i].ending;
    return "bin";
}

void
names_make(names *self, const char *wanted, const char *source_type,
           const char *thumb_type, const uint8_t *key)
{
    const char *dot = strrchr(wanted, '.');
    const char *promised = dot ? type_of(dot + 1) : NULL;
    const char *ending = promised ? dot + 1 : ending_of(source_type);
    int stem = (int) (promised ? (size_t) (dot - wanted) : strlen(wanted));
    char mark[1 + KEY_TEXT_BYTES * 2 + 1] = "";

    if (key) {
        mark[0] = '-';
        (void) tl_hex(key, KEY_TEXT_BYTES, mark + 1);
    }
    (void) snprintf(self->original, NAME_ROOM, "%.*s%s.%s", stem, wanted, mark, ending);

    bool agrees = strcmp(promised ? promised : source_type, thumb_type) == 0;
    (void) snprintf(self->thumbnail, NAME_ROOM, "%.*s%s%s.%s%s%s", stem, wanted, mark,
                    thumbnail_mark, ending, agrees ? "" : ".",
                    agrees ? "" : ending_of(thumb_type));
}
