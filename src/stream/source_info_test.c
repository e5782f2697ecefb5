/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/source_internal.h"

#include "stream/source_testing.h"

static void a_refusal_is_told_and_asked_about_again_later(void **state)
{
    (void)state;
    struct origin *o = origin_new(1);
    struct stream *s = streams_make(o->w, "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"}}");
    AUTO_FREE(arena) arena = arena_new();
    const struct stream_details none = { 0 };
    struct stream_info info;
    assert_true(origin_asked(o));
    origin_answer(o, "", "{\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"gone\"}}");
    stream_info_fill(s, &none, arena, &info);
    assert_non_null(info.mirror->error);
    assert_int_equal(info.mirror->error->err_code, 10059);
    assert_string_equal(info.mirror->error->description, "gone");
    assert_int_equal(info.mirror->active, -1);
    streams_wait(o->w, 11 * SECOND);
    assert_false(origin_asked(o));
    streams_wait(o->w, 2 * SECOND);
    assert_true(origin_asked(o));
    origin_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_is_told_and_asked_about_again_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
