/* store: files are whole, ours are found again, others' are left alone. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>

#include "proto/scope.h"
#include "tests/support/unit.h"
#include "tests/unit/worker/folder.h"
#include "worker/store.h"

typedef struct {
    folder root;
    output *output;
    store *store;
} bench;

static void
set_up(bench *self)
{
    tl_error err = {.fault = TL_OK};

    folder_make(&self->root);
    self->output = output_open(self->root.path, ".", "w1", &err);
    self->store = store_new(&err);
    assert_true(self->output && self->store);
}

static void
tear_down(bench *self)
{
    store_destroy(&self->store);
    output_close(&self->output);
    folder_remove(&self->root);
}

static store_order
order_for(const bench *self, const char *source, const char *thumb)
{
    store_order it = {
        .folder = self->output,
        .originals = true,
        .sync = true,
        .wanted = "cat.jpg",
        .source_type = "jpeg",
        .thumb_type = "jpeg",
        .key = {0xab, 0xcd, 0xef, 0x01},
        .source = source,
        .source_size = strlen(source),
        .thumb = thumb,
        .thumb_size = strlen(thumb),
    };

    return it;
}

static void
wait_for(const bench *self, const store_order *order, store_stage wanted)
{
    store_order *answered = NULL;
    store_stage stage = STORE_WRITTEN;

    while (!store_next(self->store, &answered, &stage)) {
        struct pollfd fd = {.fd = store_ear(self->store)->descriptor, .events = POLLIN};

        (void) poll(&fd, 1, 100);
    }
    assert_ptr_equal(answered, order);
    assert_int_equal(stage, wanted);
}

/* Put it and see it come back: written, and durable unless it failed or found a file. */
static tl_fault
carry_out(const bench *self, store_order *order)
{
    assert_true(store_put(self->store, order));
    wait_for(self, order, STORE_WRITTEN);
    if (order->error.fault == TL_OK && !order->found && order->sync)
        wait_for(self, order, STORE_DURABLE);
    return order->error.fault;
}

static void
two_files_under_their_names(void **state)
{
    TL_SCOPED(tear_down) bench self;
    static const uint8_t sha[] = {0xba, 0x78, 0x16, 0xbf}; /* of "abc" */

    (void) state;
    set_up(&self);
    store_order it = order_for(&self, "abc", "a");
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_string_equal(it.written.original, "cat.jpg");
    assert_string_equal(it.written.thumbnail, "cat_thumbnail.jpg");
    assert_memory_equal(it.sha256, sha, sizeof sha);
    assert_int_equal(it.thumb_bytes, 1);
    assert_true(folder_has(&self.root, "cat.jpg", "abc"));
    assert_true(folder_has(&self.root, "cat_thumbnail.jpg", "a"));
    assert_int_equal(folder_count(&self.root), 2);
}

static void
without_originals_and_without_sync_there_is_one_file_and_one_answer(void **state)
{
    TL_SCOPED(tear_down) bench self;

    (void) state;
    set_up(&self);
    store_order it = order_for(&self, "abc", "a");
    it.originals = false;
    it.sync = false;
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_true(folder_has(&self.root, "cat_thumbnail.jpg", "a"));
    assert_int_equal(folder_count(&self.root), 1);
}

static void
the_same_bytes_are_used_whoever_wrote_them(void **state)
{
    TL_SCOPED(tear_down) bench self;

    (void) state;
    set_up(&self);
    folder_write(&self.root, "cat.jpg", "abc");
    store_order it = order_for(&self, "abc", "a");
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_string_equal(it.written.original, "cat.jpg");
    assert_int_equal(folder_count(&self.root), 2);
}

static void
what_is_somebody_elses_is_left_alone(void **state)
{
    TL_SCOPED(tear_down) bench self;

    (void) state;
    set_up(&self);
    folder_write(&self.root, "cat.jpg", "mine");
    store_order it = order_for(&self, "abc", "a");
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_string_equal(it.written.original, "cat-abcdef01.jpg");
    assert_string_equal(it.written.thumbnail, "cat-abcdef01_thumbnail.jpg");
    assert_true(folder_has(&self.root, "cat.jpg", "mine"));
    assert_true(folder_has(&self.root, "cat-abcdef01.jpg", "abc"));
    /* Another link of another run, with the same wish: told apart by the stamp. */
    store_order other = order_for(&self, "xyz", "x");
    other.key[0] = 0x11;
    assert_int_equal(carry_out(&self, &other), TL_OK);
    assert_string_equal(other.written.original, "cat-11cdef01.jpg");
    assert_int_equal(folder_count(&self.root), 5);
}

static void
a_thumbnail_alone_can_be_in_the_way(void **state)
{
    TL_SCOPED(tear_down) bench self;

    (void) state;
    set_up(&self);
    folder_write(&self.root, "cat_thumbnail.jpg", "mine");
    store_order it = order_for(&self, "abc", "a");
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_string_equal(it.written.original, "cat.jpg");
    assert_string_equal(it.written.thumbnail, "cat-abcdef01_thumbnail.jpg");
    assert_true(folder_has(&self.root, "cat_thumbnail.jpg", "mine"));
}

static void
folders_links_and_pipes_are_somebody_elses_too(void **state)
{
    TL_SCOPED(tear_down) bench self;
    char path[PATH_MAX];

    (void) state;
    set_up(&self);
    assert_int_equal(symlink("/etc/passwd", folder_path(&self.root, "cat.jpg", path)), 0);
    assert_int_equal(mkfifo(folder_path(&self.root, "cat_thumbnail.jpg", path), 0600), 0);
    store_order it = order_for(&self, "abc", "a");
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_string_equal(it.written.original, "cat-abcdef01.jpg");
    assert_string_equal(it.written.thumbnail, "cat-abcdef01_thumbnail.jpg");
}

static void
another_version_of_ours_counts_and_is_handed_back(void **state)
{
    TL_SCOPED(tear_down) bench self;

    (void) state;
    set_up(&self);
    store_order first = order_for(&self, "the first version", "1");
    first.originals = true;
    assert_int_equal(carry_out(&self, &first), TL_OK);

    store_order second = order_for(&self, "what the server says today", "2");
    assert_int_equal(carry_out(&self, &second), TL_OK);
    TL_SCOPED(tl_buf_destroy) tl_buf *found = TL_GIVE(second.found);
    assert_non_null(found);
    assert_int_equal(tl_buf_size(found), strlen("the first version"));
    assert_true(folder_has(&self.root, "cat.jpg", "the first version"));

    second.original_is_there = true;
    second.source = tl_buf_bytes(found);
    second.source_size = tl_buf_size(found);
    second.thumb = "1";
    assert_int_equal(carry_out(&self, &second), TL_OK);
    assert_memory_equal(second.sha256, first.sha256, sizeof first.sha256);
    assert_string_equal(second.written.thumbnail, first.written.thumbnail);
    assert_int_equal(folder_count(&self.root), 2);
}

static void
half_a_file_of_ours_is_replaced(void **state)
{
    TL_SCOPED(tear_down) bench self;
    char path[PATH_MAX];

    (void) state;
    set_up(&self);
    store_order first = order_for(&self, "the whole file", "thumbnail");
    assert_int_equal(carry_out(&self, &first), TL_OK);
    /* What a power cut leaves: the name and the stamp are there, the bytes are not. */
    assert_int_equal(truncate(folder_path(&self.root, "cat.jpg", path), 0), 0);
    assert_int_equal(truncate(folder_path(&self.root, "cat_thumbnail.jpg", path), 4), 0);

    store_order again = order_for(&self, "the whole file", "thumbnail");
    assert_int_equal(carry_out(&self, &again), TL_OK);
    assert_null(again.found);
    assert_true(folder_has(&self.root, "cat.jpg", "the whole file"));
    assert_true(folder_has(&self.root, "cat_thumbnail.jpg", "thumbnail"));
    assert_int_equal(folder_count(&self.root), 2);
}

static void
without_stamps_the_key_in_the_name_has_to_do(void **state)
{
    TL_SCOPED(tear_down) bench self;

    (void) state;
    set_up(&self);
    folder_write(&self.root, "cat.jpg", "mine");
    folder_write(&self.root, "cat-abcdef01.jpg", "half of ou");
    store_order it = order_for(&self, "half of ours", "a");
    assert_int_equal(carry_out(&self, &it), TL_OK);
    assert_true(folder_has(&self.root, "cat-abcdef01.jpg", "half of ours"));
}

static void
both_names_taken_is_a_fault_and_nothing_is_lost(void **state)
{
    TL_SCOPED(tear_down) bench self;
    char path[PATH_MAX];

    (void) state;
    set_up(&self);
    folder_write(&self.root, "cat.jpg", "mine");
    assert_int_equal(mkdir(folder_path(&self.root, "cat-abcdef01.jpg", path), 0700), 0);
    store_order it = order_for(&self, "abc", "a");
    assert_int_equal(carry_out(&self, &it), TL_WRITE_FAILED);
    assert_non_null(strstr(it.error.text, "cat-abcdef01.jpg"));
    assert_int_equal(folder_count(&self.root), 2);
}

static void
many_share_a_sync_and_all_come_back(void **state)
{
    enum { ORDERS = STORE_ORDERS };
    TL_SCOPED(tear_down) bench self;
    static store_order orders[ORDERS];
    static char wanted[ORDERS][16];
    size_t durable = 0;
    store_order *answered = NULL;
    store_stage stage = STORE_WRITTEN;

    (void) state;
    set_up(&self);
    for (size_t i = 0; i < ORDERS; i++) {
        orders[i] = order_for(&self, "abc", "a");
        (void) snprintf(wanted[i], sizeof wanted[i], "%zu.jpg", i);
        orders[i].wanted = wanted[i];
        assert_true(store_put(self.store, &orders[i]));
    }
    assert_false(store_put(self.store, &orders[0])); /* full: so sockets never block */
    while (durable < ORDERS)
        if (store_next(self.store, &answered, &stage))
            durable += stage == STORE_DURABLE;
    assert_int_equal(folder_count(&self.root), 2 * ORDERS);
}

/* ---- a full disk ------------------------------------------------------------------ */

static bool
write_text(const char *path, const char *text)
{
    int out = open(path, O_WRONLY | O_CLOEXEC);
    bool fine = out != -1 && write(out, text, strlen(text)) == (ssize_t) strlen(text);

    if (out != -1)
        (void) close(out);
    return fine;
}

/* Mounts of our own; before there are threads. */
static bool
may_mount(void)
{
    char map[32];

    if (unshare(CLONE_NEWNS) == 0)
        return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
    (void) snprintf(map, sizeof map, "0 %u 1", (unsigned) getuid());
    return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
           write_text("/proc/self/uid_map", map);
}

static void
a_full_disk_is_named_and_leaves_no_half_file(void **state)
{
    TL_SCOPED(folder_remove) folder root;
    static char large[1 << 20];
    const bool *can_mount = *state;

    if (!*can_mount) {
        print_message("not tried: no file system can be mounted here\n");
        return;
    }
    folder_make(&root);
    assert_int_equal(mount("tmpfs", root.path, "tmpfs", 0, "size=256k"), 0);
    {
        tl_error err = {.fault = TL_OK};
        bench self = {.root = root};
        self.output = output_open(root.path, ".", "w1", &err);
        self.store = store_new(&err);
        store_order it = order_for(&self, "abc", "a");

        it.source = large;
        it.source_size = sizeof large;
        assert_int_equal(carry_out(&self, &it), TL_DISK_FULL);
        assert_int_equal(folder_count(&root), 0);
        store_order small = order_for(&self, "abc", "a");
        assert_int_equal(carry_out(&self, &small), TL_OK); /* there is room again */
        store_destroy(&self.store);
        output_close(&self.output);
    }
    assert_int_equal(umount(root.path), 0);
}

int
main(void)
{
    bool can_mount = may_mount();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_files_under_their_names),
        cmocka_unit_test(
            without_originals_and_without_sync_there_is_one_file_and_one_answer),
        cmocka_unit_test(the_same_bytes_are_used_whoever_wrote_them),
        cmocka_unit_test(what_is_somebody_elses_is_left_alone),
        cmocka_unit_test(a_thumbnail_alone_can_be_in_the_way),
        cmocka_unit_test(folders_links_and_pipes_are_somebody_elses_too),
        cmocka_unit_test(another_version_of_ours_counts_and_is_handed_back),
        cmocka_unit_test(half_a_file_of_ours_is_replaced),
        cmocka_unit_test(without_stamps_the_key_in_the_name_has_to_do),
        cmocka_unit_test(both_names_taken_is_a_fault_and_nothing_is_lost),
        cmocka_unit_test(many_share_a_sync_and_all_come_back),
        cmocka_unit_test_prestate(a_full_disk_is_named_and_leaves_no_half_file,
                                  &can_mount),
    };

    tl_sockets_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
