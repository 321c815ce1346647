/* shrink — CPU of a thumbnail, by the fast way and by libvips, without processes.
 *
 * usage: bench_shrink REPEATS PICTURE...     (pillow.py does the same with Pillow) */
#include "worker/shrink/shrink.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "proto/buf.h"
#include "proto/scope.h"

enum { PICTURE_BYTES = 64 << 20 };

typedef struct {
    tl_buf *bytes;
} picture_file;

static double
cpu_ms(void)
{
    struct rusage used;

    (void) getrusage(RUSAGE_SELF, &used);
    return 1e3 * (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-3 * (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static tl_buf *
read_file(const char *path)
{
    tl_buf *bytes = tl_buf_new(PICTURE_BYTES);
    FILE *file = fopen(path, "rb");
    uint8_t piece[65536];
    tl_error err;
    size_t got;

    if (!file || !bytes) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        (void) tl_buf_add(bytes, piece, got, &err);
    (void) fclose(file);
    return bytes;
}

static void
measure(shrinker *self, const picture_file *files, int count, bool plainly)
{
    TL_SCOPED(tl_buf_destroy) tl_buf *thumb = tl_buf_new(PICTURE_BYTES);
    picture_facts facts;
    tl_error err = {0};
    size_t bytes = 0;
    int faults = 0;
    double before = cpu_ms();

    for (int i = 0; i < count; i++) {
        shrink_job job = {tl_buf_bytes(files[i].bytes),
                          tl_buf_size(files[i].bytes),
                          {128, 128},
                          plainly};

        tl_buf_clear(thumb);
        if (shrink(self, &job, thumb, &facts, &err) != TL_OK)
            faults++;
        bytes += tl_buf_size(thumb);
    }
    printf("%s cpu_ms=%.3f thumb_bytes=%zu faults=%d\n", plainly ? "libvips" : "fast   ",
           (cpu_ms() - before) / count, bytes / (size_t) count, faults);
}

int
main(int argc, char **argv)
{
    tl_error err = {0};
    TL_SCOPED(shrinker_destroy)
    shrinker *self = shrinker_new(argv[0], EXIT_FAILURE, &err);
    int count = argc - 2;

    if (!self || count < 1) {
        (void) fprintf(stderr, "usage: bench_shrink REPEATS PICTURE... %s\n", err.text);
        return EXIT_FAILURE;
    }
    picture_file *files = calloc((size_t) count, sizeof *files);
    for (int i = 0; files && i < count; i++)
        files[i].bytes = read_file(argv[i + 2]);
    for (long i = strtol(argv[1], NULL, 10); files && i > 0; i--) {
        measure(self, files, count, false);
        measure(self, files, count, true);
    }
    for (int i = 0; files && i < count; i++)
        tl_buf_destroy(&files[i].bytes);
    free(files);
    return EXIT_SUCCESS;
}
