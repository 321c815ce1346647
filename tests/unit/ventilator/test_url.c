/* url: which lines are links, and what their files are called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/scope.h"
#include "proto/utf8.h"
#include "tests/support/unit.h"
#include "ventilator/url.h"

static void
only_http_links_without_secrets_are_visited(void **state)
{
    static const struct {
        const char *text;
        tl_fault fault;
    } cases[] = {
        {"http://example.org/a.jpg", TL_OK},
        {"https://example.org", TL_OK},
        {"HTTP://EXAMPLE.ORG/", TL_OK},
        {"http://example.org:8080/a?b=c#d", TL_OK},
        {"http://127.0.0.1/", TL_OK}, /* the worker's guard decides about addresses */
        {"http://[::1]:80/", TL_OK},
        {"http://m\xc3\xbcnchen.de/\xc3\xa4.jpg", TL_OK},
        {"http://example.org/a b.jpg", TL_OK},
        {"http://example.org/%zz", TL_OK},
        {"", TL_URL_INVALID},
        {"example.org/a.jpg", TL_URL_INVALID},
        {"example.org:8080/a.jpg", TL_URL_INVALID},
        {"//example.org/a.jpg", TL_URL_INVALID},
        {"/etc/passwd", TL_URL_INVALID},
        {"http://", TL_URL_INVALID},
        {"http:example.org", TL_URL_INVALID},
        {"https:/example.org", TL_URL_INVALID},
        {"http:///a.jpg", TL_OK}, /* libcurl visits the host a.jpg, as browsers do */
        {"http://example.org:99999/", TL_URL_INVALID},
        {"http://example.org:x/", TL_URL_INVALID},
        {"http://exa mple.org/", TL_URL_INVALID},
        {"http://[::1", TL_URL_INVALID},
        {"ftp://example.org/a.jpg", TL_SCHEME_BLOCKED},
        {"file:///etc/passwd", TL_SCHEME_BLOCKED},
        {"data:image/png;base64,AAAA", TL_SCHEME_BLOCKED},
        {"mailto:a@example.org", TL_SCHEME_BLOCKED},
        {"javascript:alert(1)", TL_SCHEME_BLOCKED},
        {"gopher://example.org/", TL_SCHEME_BLOCKED},
        {"http://user@example.org/", TL_CREDENTIALS},
        {"http://user:secret@example.org/", TL_CREDENTIALS},
        {"http://:secret@example.org/", TL_CREDENTIALS},
    };
    TL_SCOPED(url_parser_destroy) url_parser *parser = url_parser_new();
    char name[TL_NAME_BYTES + 1];

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("  %s\n", cases[i].text);
        assert_int_equal(url_check(parser, cases[i].text, name), cases[i].fault);
    }
}

static void
a_file_is_called_like_the_last_segment_made_safe(void **state)
{
    static const struct {
        const char *path;
        const char *name;
    } cases[] = {
        {"/cat.jpg", "cat.jpg"},
        {"/a/b/cat.jpg?size=2#x", "cat.jpg"},
        {"", "index"},
        {"/", "index"},
        {"/album/", "album"},
        {"/album///", "album"},
        {"/my%20cat.jpg", "my cat.jpg"},
        {"/my cat.jpg", "my cat.jpg"},
        {"/%E7%8C%AB.jpg", "\xe7\x8c\xab.jpg"},
        {"/\xe7\x8c\xab.jpg", "\xe7\x8c\xab.jpg"},
        {"/a%2Fb.jpg", "a_b.jpg"},
        {"/..%2f..%2fetc%2fpasswd", "_.._.._etc_passwd"},
        {"/%2e%2e", "index"},
        {"/..", "index"},
        {"/a/../../b.jpg", "b.jpg"},
        {"/a%5cb.jpg", "a_b.jpg"},
        {"/a%00b.jpg", "a_b.jpg"},
        {"/a%0Ab%1b%7f.jpg", "a_b__.jpg"},
        {"/a%C2%85.jpg", "a_.jpg"}, /* a control character of two bytes */
        {"/a%FF.jpg", "a_.jpg"},    /* no UTF-8 */
        {"/a%C3", "a_"},
        {"/100%.jpg", "100%.jpg"},
        {"/a%2.jpg", "a%2.jpg"},
        {"/.htaccess", "_.htaccess"},
        {"/%20cat.jpg", "_ cat.jpg"},
        {"/-rf", "_-rf"},
        {"/cat.jpg%20", "cat.jpg"},
        {"/cat.jpg...", "cat.jpg"},
        {"/...", "index"},
        {"/con", "_con"},
        {"/CON.jpg", "_CON.jpg"},
        {"/lpt9.tar.gz", "_lpt9.tar.gz"},
        {"/console.jpg", "console.jpg"},
        {"/a:b*c%3Fd%22e%3Cf%3Eg%7Ch.jpg", "a_b_c_d_e_f_g_h.jpg"},
    };
    TL_SCOPED(url_parser_destroy) url_parser *parser = url_parser_new();

    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        char name[TL_NAME_BYTES + 1];

        print_message("  %s\n", cases[i].path);
        (void) snprintf(text, sizeof text, "http://a%s", cases[i].path);
        assert_int_equal(url_check(parser, text, name), TL_OK);
        assert_string_equal(name, cases[i].name);
    }
}

static void
check_long_name(const char *filler, size_t count, const char *ending)
{
    char text[2048] = "";
    char name[TL_NAME_BYTES + 1];
    size_t used = 0;

    for (size_t n = 0; n < count; n++)
        used += (size_t) snprintf(text + used, sizeof text - used, "%s", filler);
    (void) snprintf(text + used, sizeof text - used, "%s", ending);
    url_safe_name(text, strlen(text), name);
    size_t size = strlen(name);
    assert_in_range(size, 1, TL_NAME_BYTES);
    assert_true(tl_utf8_valid((const uint8_t *) name, size));
    if (strlen(ending) <= 8)
        assert_string_equal(name + size - strlen(ending), ending);
    if (strlen(text) < TL_NAME_BYTES)
        assert_string_equal(name, text);
    else
        assert_true(size > TL_NAME_BYTES - 8);
}

static void
over_long_names_keep_their_ending_and_whole_characters(void **state)
{
    static const char *const fillers[] = {"x", "\xc3\xa4", "\xe7\x8c\xab",
                                          "\xf0\x9f\x98\x80"};

    (void) state;
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
        for (size_t count = 40; count < 300; count++) {
            check_long_name(fillers[i], count, ".jpeg");
            check_long_name(fillers[i], count, "");
            check_long_name(fillers[i], count, ".averylongending");
        }
}

static void
a_very_long_link_has_a_name_too(void **state)
{
    TL_SCOPED(url_parser_destroy) url_parser *parser = url_parser_new();
    char text[TL_URL_BYTES + 1];
    char name[TL_NAME_BYTES + 1];

    (void) state;
    memset(text, '%', sizeof text - 1);
    memcpy(text, "http://a/", 9);
    text[sizeof text - 1] = '\0';
    assert_int_equal(url_check(parser, text, name), TL_OK);
    assert_int_equal(strlen(name), TL_NAME_BYTES - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_http_links_without_secrets_are_visited),
        cmocka_unit_test(a_file_is_called_like_the_last_segment_made_safe),
        cmocka_unit_test(over_long_names_keep_their_ending_and_whole_characters),
        cmocka_unit_test(a_very_long_link_has_a_name_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
