/* output: below the root or not at all. */
#include "proto/scope.h"
#include "tests/support/unit.h"
#include "tests/unit/worker/folder.h"
#include "worker/output.h"

static void
below_the_root_it_is_made_and_opened(void **state)
{
    static const char *const inside[] = {"images", "a/b/c",  ".",     "",
                                         "a/../b", "link/c", "a//b/", "..dots../x"};
    TL_SCOPED(folder_remove) folder root;
    char path[PATH_MAX];

    (void) state;
    folder_make(&root);
    (void) mkdir(folder_path(&root, "a", path), 0777);
    assert_int_equal(symlink("a", folder_path(&root, "link", path)), 0);
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        tl_error err = {.fault = TL_OK};
        TL_SCOPED(output_close)
        output *made = output_open(root.path, inside[i], "w1", &err);

        if (!made)
            fail_msg("%s: %s", inside[i], err.text);
        TL_SCOPED(output_close)
        output *again =
            output_open(root.path, folder_path(&root, inside[i], path), "w1", &err);
        if (!again)
            fail_msg("%s: %s", path, err.text);
    }
    TL_SCOPED(output_close) output *anywhere = output_open("/", root.path, "w1", NULL);
    assert_non_null(anywhere);
}

static void
beyond_the_root_it_is_refused(void **state)
{
    static const char *const outside[] = {"..",        "../x",        "a/../../x",
                                          "/",         "/etc",        "way-out",
                                          "way-out/x", "new/../../x", "new/.."};
    TL_SCOPED(folder_remove) folder root;
    char path[PATH_MAX];

    (void) state;
    folder_make(&root);
    (void) mkdir(folder_path(&root, "a", path), 0777);
    assert_int_equal(symlink("/tmp", folder_path(&root, "way-out", path)), 0);
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        tl_error err = {.fault = TL_OK};
        TL_SCOPED(output_close)
        output *made = output_open(root.path, outside[i], "w1", &err);

        if (made)
            fail_msg("%s was opened", outside[i]);
        assert_int_equal(err.fault, TL_REFUSED);
        assert_non_null(strstr(err.text, outside[i]));
    }
    /* A sibling whose name begins like the root's is outside as well. */
    tl_error err = {.fault = TL_OK};
    (void) snprintf(path, sizeof path, "%s-sibling", root.path);
    assert_null(output_open(root.path, path, "w1", &err));
    assert_int_equal(err.fault, TL_REFUSED);
}

static void
what_cannot_be_a_folder_is_named(void **state)
{
    TL_SCOPED(folder_remove) folder root;
    tl_error err = {.fault = TL_OK};

    (void) state;
    folder_make(&root);
    folder_write(&root, "file", "");
    assert_null(output_open(root.path, "file", "w1", &err));
    assert_int_equal(err.fault, TL_CANNOT_START);
    assert_non_null(strstr(err.text, "file"));
    assert_null(output_open("/no/such/root", "x", "w1", &err));
    assert_non_null(strstr(err.text, "/no/such/root"));
    assert_null(output_open("/", "/proc/self", "w1", &err)); /* even root cannot write */
    assert_int_equal(err.fault, TL_CANNOT_START);
}

static void
a_draft_that_is_given_up_leaves_nothing(void **state)
{
    TL_SCOPED(folder_remove) folder root;
    tl_error err = {.fault = TL_OK};
    char name[NAME_MAX + 1];

    (void) state;
    folder_make(&root);
    TL_SCOPED(output_close) output *made = output_open(root.path, ".", "w-1/x", &err);
    assert_non_null(made);
    int draft = output_draft(made, name);
    assert_true(draft >= 0 && write(draft, "x", 1) == 1 && close(draft) == 0);
    assert_int_equal(folder_count(&root), 0);
    output_hidden_name(made, name);
    assert_string_equal(name, ".thumbline-w_1_x-1.tmp");
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_the_root_it_is_made_and_opened),
        cmocka_unit_test(beyond_the_root_it_is_refused),
        cmocka_unit_test(what_cannot_be_a_folder_is_named),
        cmocka_unit_test(a_draft_that_is_given_up_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
