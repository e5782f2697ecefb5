/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "subject/tree.h"

static struct tree_value *add(struct tree *t, struct slice subject)
{
    bool is_new;
    struct tree_value *v = tree_get(t, subject, &is_new);
    assert_true(is_new);
    assert_int_equal(v->first + v->last + v->count, 0);
    assert_false(v->is_first_stale || v->is_dirty);
    return v;
}

/* Removes all but the lowest, checking at each count that a node may have. */
static void every_size_of_a_node_is_reached_upwards_and_downwards(void **state)
{
    (void)state;
    /* prime to 255: all bytes, in another order */
    for (uint32_t step = 1; step < 255; step += 36) {
        struct tree *t = tree_new();
        uint8_t text[] = "prefix.?";
        enum { AT = sizeof(text) - 2 };
        uint64_t grown[256];
        for (uint32_t i = 0; i < 255; i++) {
            text[AT] = (uint8_t)(1 + i * step % 255);
            if (tree_find(t, slice_of(text, AT + 1)) == NULL)
                add(t, slice_of(text, AT + 1))->count = text[AT];
            grown[i] = tree_memory(t);
            assert_int_equal(tree_check(t), tree_count(t));
        }
        add(t, slice_of(text, AT))->count = 256; /* 256 children: the node's own end is one */
        uint64_t count = tree_count(t);
        for (uint32_t i = 0; i < 255; i++) {
            text[AT] = (uint8_t)(255 - i);
            bool was_there = tree_find(t, slice_of(text, AT + 1)) != NULL;
            if (was_there) assert_int_equal(tree_find(t, slice_of(text, AT + 1))->count, text[AT]);
            assert_int_equal(tree_remove(t, slice_of(text, AT + 1)), was_there);
            count -= was_there;
            assert_int_equal(tree_check(t), count);
        }
        assert_int_equal(tree_find(t, slice_of(text, AT))->count, 256);
        assert_int_equal(count, 1);
        assert_true(tree_memory(t) <= grown[2] + 512); /* the table of chunks has grown */
        tree_free(t);
    }
}

static void long_subjects_are_chains_that_are_cut_and_joined(void **state)
{
    (void)state;
    enum { LEN = 65535 };
    uint8_t *text = xalloc(LEN);
    for (uint32_t i = 0; i < LEN; i++) text[i] = (uint8_t)(1 + i * 31 % 255);
    struct tree *t = tree_new();
    add(t, slice_of(text, LEN))->count = 1;
    static const uint32_t cuts[] = {
        1, 254, 255, 256, 509, 510, 511, 512, 700, 30000, 65533, 65534
    };
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        add(t, slice_of(text, cuts[i]))->count = cuts[i];       /* ends here … */
        text[cuts[i]] ^= 0x80;                                  /* … or goes another way */
        if (text[cuts[i]] == 0) text[cuts[i]] = 1;
        add(t, slice_of(text, LEN))->count = cuts[i] + 1;
        text[cuts[i]] = (uint8_t)(1 + cuts[i] * 31 % 255);
        assert_int_equal(tree_check(t), 3 + 2 * i);
    }
    for (size_t i = 0; i < ARRAY_COUNT(cuts); i++) {
        assert_int_equal(tree_find(t, slice_of(text, cuts[i]))->count, cuts[i]);
        assert_true(tree_remove(t, slice_of(text, cuts[i])));
        assert_int_equal(tree_check(t), ARRAY_COUNT(cuts) * 2 - i);
    }
    assert_int_equal(tree_find(t, slice_of(text, LEN))->count, 1);
    tree_free(t);
    xfree(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_of_a_node_is_reached_upwards_and_downwards),
        cmocka_unit_test(long_subjects_are_chains_that_are_cut_and_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
