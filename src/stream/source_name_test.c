/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/gotime.h"

static void index_is(const struct stream_source *s, const char *want)
{
    struct buf out = { 0 };
    source_index_name(s, &out);
    assert_string_equal(buf_str(&out), want);
    buf_deinit(&out);
}

static void an_index_name_says_what_is_drawn_from_where(void **state)
{
    struct stream_external hub = { .api = "$JS.hub.API" };
    struct stream_source_consumer made = { .name = "D", .deliver_subject = "d" };
    struct stream_transform two[] = { { "p.>", "sr.>" }, { "q", "" } };
    (void)state;
    index_is(&(struct stream_source){ .name = "O" }, "O > >");
    index_is(&(struct stream_source){ .name = "O", .filter_subject = "p.>" }, "O p.> >");
    index_is(&(struct stream_source){ .name = "O", .subject_transforms = { two, 1 } },
             "O p.> sr.>");
    index_is(&(struct stream_source){ .name = "O", .subject_transforms = { two, 2 } },
             "O p.>\fq sr.>\f>");
    struct buf hashed = { 0 };
    char hash[ACCOUNT_HASH_LEN];
    account_hash(SLICE_LIT("$JS.hub.API"), hash);
    buf_printf(&hashed, "O:%.8s:C=", hash);
    account_hash(SLICE_LIT("D"), hash);
    buf_printf(&hashed, "%.8s > >", hash);
    index_is(&(struct stream_source){ .name = "O", .external = &hub, .consumer = &made },
             buf_str(&hashed));
    buf_deinit(&hashed);
}

static const char *name_of(const struct stream_config *c, const struct stream_source *s,
                           const char *domain, struct buf *out)
{
    const struct source_drawer d = { SLICE_LIT("M"), SLICE_LIT("$G"), slice_str(domain) };
    out->len = 0;
    source_consumer_name(&d, c, s, out);
    return buf_str(out);
}

/* Seen of nats-server 2.15.2: the consumer of a mirror M, of a source's stream M, in $G. */
static void consumers_have_the_names_that_nats_server_gives_them(void **state)
{
    struct stream_source of_o[] = { { .name = "O" }, { .name = "P" }, { .name = "O" } };
    struct stream_config mirror = { .name = "M", .mirror = &of_o[0] };
    struct stream_config one = { .name = "M", .sources = { of_o, 2 } };
    struct stream_config twice = { .name = "M", .sources = { of_o, 3 } };
    struct buf a = { 0 }, b = { 0 };
    (void)state;
    of_o[2].filter_subject = "x";
    assert_string_equal(name_of(&mirror, &of_o[0], "", &a), "JS_MIRROR_ih8eMwqr");
    assert_string_not_equal(name_of(&mirror, &of_o[0], "hub", &b), buf_str(&a));
    assert_string_equal(name_of(&one, &of_o[0], "", &a), "JS_SRC_3nPB4eeG");
    assert_string_equal(name_of(&one, &of_o[1], "", &b), buf_str(&a));
    assert_string_not_equal(name_of(&twice, &of_o[0], "", &b), buf_str(&a));
    assert_string_not_equal(name_of(&twice, &of_o[2], "", &a), buf_str(&b));
    buf_deinit(&a);
    buf_deinit(&b);
}

static void a_stream_that_is_made_again_has_another_identity(void **state)
{
    char first[SOURCE_IDENTITY_LEN + 1], again[SOURCE_IDENTITY_LEN + 1];
    nanos created;
    (void)state;
    assert_int_equal(gotime_rfc3339_parse(SLICE_LIT("2026-11-29T11:23:34.260678067Z"), &created),
                     ERR_OK);
    source_identity(created, first);
    assert_string_equal(first, "Ng85Hlw4");
    source_identity(created + 1, again);
    assert_string_not_equal(first, again);
}

static void the_header_is_read_as_it_was_written(void **state)
{
    struct source_header h;
    struct buf out = { 0 };
    (void)state;
    source_header_write(SLICE_LIT("P p.> sr.>"), 4, SLICE_LIT("p.1"), SLICE_LIT("DsZDQwJi"), &out);
    assert_string_equal(buf_str(&out), "P 4 p.> sr.> p.1 DsZDQwJi");
    assert_true(source_header_read(buf_slice(&out), &h));
    assert_int_equal(h.sequence, 4);
    assert_true(slice_equal_str(h.subject, "p.1"));
    assert_true(slice_equal_str(h.identity, "DsZDQwJi"));
    assert_true(source_header_is_of(&h, SLICE_LIT("P p.> sr.>")));
    assert_false(source_header_is_of(&h, SLICE_LIT("P p.> >")));
    assert_false(source_header_is_of(&h, SLICE_LIT("Q p.> sr.>")));
    assert_false(source_header_is_of(&h, SLICE_LIT("P p > sr.>")));
    out.len = 0;
    source_header_write(SLICE_LIT("P > >"), UINT64_MAX, SLICE_LIT("s"), SLICE_LIT(""), &out);
    assert_string_equal(buf_str(&out), "P 18446744073709551615 > > s");
    buf_deinit(&out);
}

static void other_texts_are_no_header(void **state)
{
    static const char *const wrong[] = {
        "",         "P",         "P 1",
        "P 1 >",    "P x > > s", "P -1 > >",
        "P  > > s", " 1 > > s",  "$JS.ACK.P.c.1.1.1.1.1",
    };
    struct source_header h = { .sequence = 7 };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_false(source_header_read(slice_str(wrong[i]), &h));
    assert_int_equal(h.sequence, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_index_name_says_what_is_drawn_from_where),
        cmocka_unit_test(consumers_have_the_names_that_nats_server_gives_them),
        cmocka_unit_test(a_stream_that_is_made_again_has_another_identity),
        cmocka_unit_test(the_header_is_read_as_it_was_written),
        cmocka_unit_test(other_texts_are_no_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
