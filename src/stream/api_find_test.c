/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/api_find.h"

#include "stream/api_testing.h"

static void a_request_names_a_message_by_sequence_subject_or_time(void **state)
{
    (void)state;
    static const struct {
        struct msg_get_request q;
        enum err e;
        uint64_t sequence;
    } cases[] = {
        { { .seq = 7 }, ERR_OK, 7 },
        { { .last_by_subj = "s.a" }, ERR_OK, 3 },
        { { .last_by_subj = "s.*" }, ERR_OK, 4 },
        { { .last_by_subj = "t" }, ERR_NOTFOUND, 0 },
        { { .last_by_subj = "s..a" }, ERR_NOTFOUND, 0 },
        { { .next_by_subj = "s.a" }, ERR_OK, 1 },
        { { .next_by_subj = "s.a", .seq = 2 }, ERR_OK, 3 },
        { { .next_by_subj = "s.a", .seq = 4 }, ERR_NOTFOUND, 0 },
        { { .start_time = 1 }, ERR_OK, 1 },
        { { .start_time = 1, .next_by_subj = "s.b" }, ERR_OK, 2 },
        { { .start_time = INT64_MAX }, ERR_OK, 5 },
    };
    struct js_world *w = js_world_new(1, NULL);
    (void)js_call(w, "STREAM.CREATE.S",
                  "{\"name\":\"S\",\"subjects\":[\"s.>\",\"t\"],\"storage\":\"memory\"}");
    for (uint32_t i = 0; i < 4; i++) (void)js_put(w, i % 2 == 0 ? "s.a" : "s.b", NULL, "x");
    struct stream *s = js_account_stream(js_account_find(&w->js, SLICE_LIT("$G")), SLICE_LIT("S"));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct msgs_wait wait = { .done = NULL };
        uint64_t sequence = 0;
        assert_int_equal(api_find(s, &cases[i].q, &wait, &sequence), cases[i].e);
        if (cases[i].e == ERR_OK) assert_int_equal(sequence, cases[i].sequence);
    }
    js_world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_names_a_message_by_sequence_subject_or_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
