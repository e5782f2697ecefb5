/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    struct list node;
    char name;
};

enum { ITEMS = 5 };

static struct item items[ITEMS];

static void setup_items(void)
{
    for (int i = 0; i < ITEMS; i++) {
        items[i].name = (char)('a' + i);
        list_init(&items[i].node);
    }
}

/* The names in order, and the same backwards, which proves the links of both ways. */
static void assert_list(struct list *head, const char *want)
{
    size_t count = 0;
    LIST_EACH(head, node) {
        assert_int_equal(container_of(node, struct item, node)->name, want[count]);
        count++;
    }
    assert_int_equal(want[count], 0);
    assert_int_equal(list_empty(head), count == 0);
    for (struct list *n = head->prev; n != head; n = n->prev)
        assert_int_equal(container_of(n, struct item, node)->name, want[--count]);
    assert_int_equal(count, 0);
}

static void nodes_stand_in_the_order_in_which_they_were_put(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    setup_items();
    assert_list(&head, "");
    list_add_tail(&head, &items[0].node);
    list_add_tail(&head, &items[1].node);
    list_add_head(&head, &items[2].node);
    list_insert_before(&items[1].node, &items[3].node);
    assert_list(&head, "cadb");
}

static void a_removed_node_may_be_removed_again(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    setup_items();
    for (int i = 0; i < ITEMS; i++) list_add_tail(&head, &items[i].node);
    list_remove(&items[2].node);
    list_remove(&items[2].node);
    assert_true(list_empty(&items[2].node));
    list_remove(&items[0].node);
    list_remove(&items[4].node);
    assert_list(&head, "bd");
}

static void pop_takes_from_the_front_until_nothing_is_left(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    setup_items();
    for (int i = 0; i < ITEMS; i++) list_add_tail(&head, &items[i].node);
    for (int i = 0; i < ITEMS; i++) assert_ptr_equal(list_pop(&head), &items[i].node);
    assert_null(list_pop(&head));
    assert_list(&head, "");
}

static void splice_moves_all_to_the_tail_in_order(void **state)
{
    (void)state;
    struct list to, from;
    list_init(&to);
    list_init(&from);
    setup_items();
    list_splice(&to, &from);
    assert_list(&to, "");
    list_add_tail(&to, &items[0].node);
    for (int i = 1; i < ITEMS; i++) list_add_tail(&from, &items[i].node);
    list_splice(&to, &from);
    assert_list(&to, "abcde");
    assert_list(&from, "");
    list_splice(&from, &to);
    assert_list(&from, "abcde");
    assert_list(&to, "");
}

static void a_loop_may_remove_the_node_that_it_stands_on(void **state)
{
    (void)state;
    struct list head;
    list_init(&head);
    setup_items();
    for (int i = 0; i < ITEMS; i++) list_add_tail(&head, &items[i].node);
    LIST_EACH(&head, node) {
        if (container_of(node, struct item, node)->name != 'c') list_remove(node);
    }
    assert_list(&head, "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_stand_in_the_order_in_which_they_were_put),
        cmocka_unit_test(a_removed_node_may_be_removed_again),
        cmocka_unit_test(pop_takes_from_the_front_until_nothing_is_left),
        cmocka_unit_test(splice_moves_all_to_the_tail_in_order),
        cmocka_unit_test(a_loop_may_remove_the_node_that_it_stands_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
