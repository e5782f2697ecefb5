/* SPDX-License-Identifier: Apache-2.0 */
#include "subject/topic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

enum { ENTRIES = 200 };

struct world {
    struct topic *topic;
    struct garbage *garbage;
    char texts[ENTRIES][8];
    struct interest_entry entries[ENTRIES];
};

/* Entry i of the subject "a", plain or in the group `queue`. */
static struct interest_entry *entry(struct world *w, int i, const char *queue)
{
    (void)snprintf(w->texts[i], sizeof w->texts[i], "a%s", queue);
    w->entries[i] = (struct interest_entry){ .text = (const uint8_t *)w->texts[i],
                                             .subject_len = 1,
                                             .queue_len = (uint16_t)strlen(queue) };
    return &w->entries[i];
}

static void setup_world(struct world *w)
{
    *w = (struct world){ .topic = topic_new(SLICE_LIT("a")) };
}

static void end_world(struct world *w)
{
    topic_free(w->topic);
    garbage_free(w->garbage);
}

static void assert_entries(struct entries *e, const struct world *w, const char *want)
{
    char seen[64] = "";
    for (uint32_t i = 0; e != NULL && i < atomic_load(&e->len); i++) {
        struct interest_entry *at = atomic_load(&e->at[i]);
        if (at == NULL) continue;
        size_t len = strlen(seen);
        (void)snprintf(seen + len, sizeof seen - len, "%d ", (int)(at - w->entries));
    }
    assert_string_equal(seen, want);
}

static void plain_subscribers_come_in_order_of_insertion(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    assert_true(topic_is_empty(w.topic));
    for (int i = 0; i < 6; i++) topic_add(w.topic, entry(&w, i, ""), &w.garbage);
    assert_entries(w.topic->plain, &w, "0 1 2 3 4 5 ");
    topic_remove(w.topic, &w.entries[0], &w.garbage);
    topic_remove(w.topic, &w.entries[3], &w.garbage);
    assert_entries(w.topic->plain, &w, "1 2 4 5 ");
    assert_int_equal(topic_check(w.topic), 4);
    end_world(&w);
}

static void members_of_one_queue_name_are_one_group(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    topic_add(w.topic, entry(&w, 0, "q"), &w.garbage);
    topic_add(w.topic, entry(&w, 1, "r"), &w.garbage);
    topic_add(w.topic, entry(&w, 2, "q"), &w.garbage);
    struct groups *groups = w.topic->groups;
    assert_int_equal(groups->count, 2);
    assert_entries(groups->at[0]->members, &w, "0 2 ");
    assert_entries(groups->at[1]->members, &w, "1 ");
    assert_null(w.topic->plain);
    topic_remove(w.topic, &w.entries[0], &w.garbage);
    topic_remove(w.topic, &w.entries[2], &w.garbage);
    groups = w.topic->groups;
    assert_int_equal(groups->count, 1);
    assert_entries(groups->at[0]->members, &w, "1 ");
    topic_remove(w.topic, &w.entries[1], &w.garbage);
    assert_true(topic_is_empty(w.topic));
    topic_discard(w.topic, &w.garbage);
    w.topic = NULL;
    end_world(&w);
}

static void holes_are_swept_when_they_are_the_larger_part(void **state)
{
    (void)state;
    struct world w;
    setup_world(&w);
    for (int i = 0; i < ENTRIES; i++) topic_add(w.topic, entry(&w, i, ""), &w.garbage);
    for (int i = 0; i < ENTRIES - 3; i++) {
        topic_remove(w.topic, &w.entries[i], &w.garbage);
        struct entries *e = w.topic->plain;
        assert_true(e->len <= 8 || e->len <= 2 * e->live);
    }
    assert_entries(w.topic->plain, &w, "197 198 199 ");
    end_world(&w);
}

static void any_history_leaves_the_right_entries(void **state)
{
    (void)state;
    static const char *const queues[] = { "", "q", "r" };
    struct rng rng;
    rng_init(&rng, 4);
    struct world w;
    setup_world(&w);
    bool in[ENTRIES] = { false };
    uint64_t count = 0;
    for (int step = 0; step < 20000; step++) {
        int i = (int)rng_below(&rng, ENTRIES);
        if (in[i]) topic_remove(w.topic, &w.entries[i], &w.garbage);
        else topic_add(w.topic, entry(&w, i, queues[rng_below(&rng, 3)]), &w.garbage);
        in[i] = !in[i];
        count += in[i] ? 1 : UINT64_MAX;
        if (count > 0 && step % 50 == 0) assert_int_equal(topic_check(w.topic), count);
        garbage_free(w.garbage);
        w.garbage = NULL;
    }
    end_world(&w);
}

static void no_topic_has_no_entries(void **state)
{
    (void)state;
    assert_int_equal(topic_check(NULL), 0);
    topic_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_subscribers_come_in_order_of_insertion),
        cmocka_unit_test(members_of_one_queue_name_are_one_group),
        cmocka_unit_test(holes_are_swept_when_they_are_the_larger_part),
        cmocka_unit_test(any_history_leaves_the_right_entries),
        cmocka_unit_test(no_topic_has_no_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
