#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/runtime_dir.h"
#include "tests/support/unit.h"

/* A place of our own, so that no other run's folders are met. */
static int
make_place(void **state)
{
    char *base = strdup("/tmp/tl-test-XXXXXX");

    assert_non_null(base);
    assert_non_null(mkdtemp(base));
    *state = base;
    return 0;
}

static int
remove_place(void **state)
{
    tl_runtime_dir_sweep(*state);
    int left = rmdir(*state); /* a test that leaves something fails here */
    free(*state);
    return left;
}

static bool
exists(const char *path)
{
    struct stat facts;

    return lstat(path, &facts) == 0;
}

static void
put_socket(const char *folder, const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void) snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(close(fd), 0);
}

static void
make(const char *base, tl_runtime_dir *folder)
{
    tl_error err = {0};

    assert_int_equal(tl_runtime_dir_make_in(base, folder, &err), TL_OK);
}

static void
a_new_folder_is_private_and_short(void **state)
{
    tl_runtime_dir folder;
    struct stat facts;

    make(*state, &folder);
    assert_int_equal(stat(folder.path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    assert_true(strlen(folder.path) + sizeof "/control-lane-ffffffffffff" < 107);
    assert_int_equal(fcntl(folder.fd, F_GETFD), FD_CLOEXEC);
    tl_runtime_dir_leave(&folder.fd);
}

static void
who_leaves_alone_removes_it_with_its_sockets(void **state)
{
    tl_runtime_dir folder;

    make(*state, &folder);
    put_socket(folder.path, "run");
    put_socket(folder.path, "control-lane-100000001");
    tl_runtime_dir_leave(&folder.fd);
    assert_int_equal(folder.fd, -1);
    assert_false(exists(folder.path));
}

static void
a_folder_that_another_process_holds_stays(void **state)
{
    tl_runtime_dir folder;
    int waits[2];
    char byte;

    make(*state, &folder);
    assert_int_equal(pipe2(waits, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        /* It shares the folder's lock, as a child of the launcher does. */
        (void) close(waits[1]);
        (void) !read(waits[0], &byte, 1);
        tl_runtime_dir_leave(&folder.fd);
        _exit(0);
    }
    tl_runtime_dir_leave(&folder.fd);
    assert_true(exists(folder.path));
    tl_runtime_dir_sweep(*state);
    assert_true(exists(folder.path));
    assert_int_equal(close(waits[1]), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(exists(folder.path)); /* the last one took it along */
    assert_int_equal(close(waits[0]), 0);
}

static void
a_folder_whose_holders_were_killed_is_swept(void **state)
{
    tl_runtime_dir folder;

    make(*state, &folder);
    put_socket(folder.path, "run");
    assert_int_equal(close(folder.fd), 0); /* all that is left after kill -9 */
    assert_true(exists(folder.path));
    tl_runtime_dir_sweep(*state);
    assert_false(exists(folder.path));
}

static void
a_namesake_with_files_in_it_is_left_alone(void **state)
{
    char folder[64];
    char file[80];

    (void) snprintf(folder, sizeof folder, "%s/thumbline-photos", (char *) *state);
    (void) snprintf(file, sizeof file, "%s/holiday.jpg", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_not_equal(fd, -1);
    assert_int_equal(close(fd), 0);
    tl_runtime_dir_sweep(*state);
    assert_true(exists(file));
    assert_int_equal(unlink(file), 0);
}

static void
other_names_modes_and_links_are_left_alone(void **state)
{
    static const struct {
        const char *name;
        mode_t mode;
    } rows[] = {
        {"thumbline-12345", 0700},
        {"thumbline-1234567", 0700},
        {"somethin-123456", 0700},
        {"thumbline-123456", 0755},
    };
    char path[64];
    char link[80];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        (void) snprintf(path, sizeof path, "%s/%s", (char *) *state, rows[i].name);
        assert_int_equal(mkdir(path, rows[i].mode), 0);
        (void) snprintf(link, sizeof link, "%s/thumbline-linked", (char *) *state);
        assert_int_equal(symlink(path, link), 0);
        put_socket(path, "s");
        tl_runtime_dir_sweep(*state);
        assert_true(exists(link));
        assert_int_equal(unlink(link), 0);
        (void) snprintf(link, sizeof link, "%s/s", path);
        assert_int_equal(unlink(link), 0);
        assert_int_equal(rmdir(path), 0);
    }
}

static void
a_base_too_long_for_ipc_is_refused(void **state)
{
    static const char base[] =
        "/tmp/0123456789012345678901234567890123456789012345678901234567";
    tl_runtime_dir folder;
    tl_error err = {0};

    (void) state;
    assert_int_equal(tl_runtime_dir_make_in(base, &folder, &err), TL_CANNOT_START);
    assert_int_equal(folder.fd, -1);
    assert_non_null(strstr(err.text, "too long"));
}

static void
a_descriptor_from_the_environment_is_checked(void **state)
{
    static const char *const rows[] = {"", "x", "0", "2", "-1", "99999999999", "7 "};
    tl_runtime_dir folder;
    char number[16];

    assert_int_equal(unsetenv(TL_RUNTIME_FD), 0);
    assert_int_equal(tl_runtime_dir_inherited(), -1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(setenv(TL_RUNTIME_FD, rows[i], 1), 0);
        assert_int_equal(tl_runtime_dir_inherited(), -1);
    }
    make(*state, &folder);
    (void) snprintf(number, sizeof number, "%d", folder.fd);
    assert_int_equal(setenv(TL_RUNTIME_FD, number, 1), 0);
    assert_int_equal(tl_runtime_dir_inherited(), folder.fd);
    assert_int_equal(unsetenv(TL_RUNTIME_FD), 0);
    tl_runtime_dir_leave(&folder.fd);
}

static void
a_folder_that_is_not_ours_to_remove_stays_when_we_leave(void **state)
{
    char path[64];

    (void) snprintf(path, sizeof path, "%s/precious", (char *) *state);
    assert_int_equal(mkdir(path, 0700), 0);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_not_equal(fd, -1);
    tl_runtime_dir_leave(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(rmdir(path), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_new_folder_is_private_and_short),
        CASE(who_leaves_alone_removes_it_with_its_sockets),
        CASE(a_folder_that_another_process_holds_stays),
        CASE(a_folder_whose_holders_were_killed_is_swept),
        CASE(a_namesake_with_files_in_it_is_left_alone),
        CASE(other_names_modes_and_links_are_left_alone),
        CASE(a_base_too_long_for_ipc_is_refused),
        CASE(a_descriptor_from_the_environment_is_checked),
        CASE(a_folder_that_is_not_ours_to_remove_stays_when_we_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
