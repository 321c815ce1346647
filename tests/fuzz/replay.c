/* replay — runs a harness over its committed corpus, with any compiler.
 *
 * Why it exists: an input that once broke a decoder must break the build of everybody who
 * brings the bug back, and most builds have no libFuzzer. The fuzz preset links that
 * instead of this file. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* An exact copy on the heap, so that one byte read too far meets a redzone or valgrind.
 */
static void
try_input(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size > 0 ? size : 1);

    if (!exact) {
        perror("replay");
        exit(EXIT_FAILURE);
    }
    if (size > 0)
        memcpy(exact, bytes, size);
    (void) LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

static bool
replay_file(const char *folder, const char *name, uint8_t *room)
{
    char path[4096];

    (void) snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }
    try_input(room, fread(room, 1, INPUT_BYTES, file));
    (void) fclose(file); /* it was only read */
    return true;
}

/* The number of inputs, 0 after any trouble: a harness without a corpus is trouble too.
 */
static size_t
replay_folder(const char *folder, uint8_t *room)
{
    DIR *inputs = opendir(folder);
    size_t count = 0;
    bool fine = true;

    if (!inputs) {
        perror(folder);
        return 0;
    }
    for (const struct dirent *entry; fine && (entry = readdir(inputs));) {
        if (entry->d_name[0] == '.')
            continue;
        fine = replay_file(folder, entry->d_name, room);
        count++;
    }
    (void) closedir(inputs);
    return fine ? count : 0;
}

int
main(int argc, char **argv)
{
    uint8_t *room = malloc(INPUT_BYTES);
    int status = room && argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;

    try_input(NULL, 0);
    for (int i = 1; room && i < argc; i++) {
        size_t count = replay_folder(argv[i], room);

        (void) printf("%s: %zu inputs\n", argv[i], count);
        if (count == 0)
            status = EXIT_FAILURE;
    }
    free(room);
    return status;
}
