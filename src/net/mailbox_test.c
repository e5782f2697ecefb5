/* SPDX-License-Identifier: Apache-2.0 */
#include "net/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "net/net_fake.h"

/* What on_record() saw, as text. */
struct seen {
    struct buf text;
};

static void on_record(struct reactor *r, const struct record *rec)
{
    struct seen *seen = r->user;
    buf_printf(&seen->text, "%u:%.*s", rec->kind, SLICE_ARGS(rec->bytes));
    for (uint32_t i = 0; i < rec->targets_count; i++)
        buf_printf(&seen->text, ">%s", (const char *)rec->targets[i]);
    if (rec->blob != NULL)
        buf_printf(&seen->text, "+%.*s", (int)rec->blob->len, (const char *)rec->blob->bytes);
    buf_printf(&seen->text, "(%u,%u,%x,%s) ", rec->head_len, rec->header_len, rec->flags,
               rec->context == NULL ? "" : (const char *)rec->context);
}

struct fixture {
    struct fake *fake;
    struct reactor *a;
    struct reactor *b;
    struct reactor *c;
    struct seen seen; /* by every reactor */
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->fake = fake_new_many(3);
    f->a = f->fake->set->at[0];
    f->b = f->fake->set->at[1];
    f->c = f->fake->set->at[2];
    for (uint32_t i = 0; i < 3; i++) {
        f->fake->set->at[i]->user = &f->seen;
        f->fake->set->at[i]->on_record = on_record;
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    fake_free(f->fake);
    buf_deinit(&f->seen.text);
    free(f);
    return 0;
}

static void post(struct reactor *from, struct reactor *to, uint32_t kind, const char *bytes)
{
    static char target[] = "t";
    void *targets[] = { target };
    struct record rec = {
        .kind = kind, .bytes = slice_str(bytes), .targets = targets, .targets_count = 1
    };
    mailbox_record(from, to, &rec);
}

static const char *drained(struct fixture *f, struct reactor *r, uint32_t max)
{
    f->seen.text.len = 0;
    (void)mailbox_drain_records(r, max);
    return buf_str(&f->seen.text);
}

static void a_record_arrives_as_it_was_posted(void **state)
{
    struct fixture *f = *state;
    char one[] = "one", two[] = "two", account[] = "account";
    void *targets[] = { one, two };
    struct blob *blob = blob_new(SLICE_LIT("large"));
    struct record rec = { .kind = 7,
                          .head_len = 3,
                          .header_len = 12,
                          .flags = 0xf0,
                          .context = account,
                          .bytes = SLICE_LIT("bytes"),
                          .blob = blob,
                          .targets = targets,
                          .targets_count = 2 };
    mailbox_record(f->a, f->b, &rec);
    assert_int_equal(atomic_load(&blob->refs), 2);
    mailbox_publish(f->a);
    assert_string_equal(drained(f, f->b, 10), "7:bytes>one>two+large(3,12,f0,account) ");
    assert_int_equal(atomic_load(&blob->refs), 1);
    (void)blob_unref(blob);
}

static void records_are_seen_after_they_were_published_and_only_by_their_receiver(void **state)
{
    struct fixture *f = *state;
    post(f->a, f->b, 1, "x");
    assert_string_equal(drained(f, f->b, 10), "");
    assert_false(mailbox_has_work(f->b));
    mailbox_publish(f->a);
    assert_true(mailbox_has_work(f->b));
    assert_false(mailbox_has_work(f->c));
    assert_string_equal(drained(f, f->c, 10), "");
    assert_string_equal(drained(f, f->b, 10), "1:x>t(0,0,0,) ");
    assert_false(mailbox_has_work(f->b));
    mailbox_publish(f->a);
    assert_string_equal(drained(f, f->b, 10), "");
}

static void records_of_a_pair_keep_their_order_over_ticks_and_budgets(void **state)
{
    struct fixture *f = *state;
    struct buf want = { 0 };
    uint32_t sent = 0;
    for (int tick = 0; tick < 40; tick++) {
        for (int i = 0; i < 1 + tick % 3; i++) {
            char text[16];
            (void)snprintf(text, sizeof text, "%u", sent++);
            post(f->a, f->b, 1, text);
            buf_printf(&want, "1:%s>t(0,0,0,) ", text);
        }
        mailbox_publish(f->a);
        if (tick % 4 == 3) (void)mailbox_drain_records(f->b, 3); /* less than what comes */
    }
    while (mailbox_has_work(f->b)) (void)mailbox_drain_records(f->b, 3);
    assert_string_equal(buf_str(&f->seen.text), buf_str(&want));
    assert_int_equal(mailbox_posted(f->b, f->a->id), sent);
    assert_int_equal(mailbox_consumed(f->b, f->a->id), sent);
    assert_int_equal(mailbox_posted(f->a, f->b->id), 0);
    buf_deinit(&want);
}

static void a_budget_ends_the_turn_and_counts_what_was_consumed(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 10; i++) post(f->a, f->b, 1, "x");
    mailbox_publish(f->a);
    assert_int_equal(mailbox_drain_records(f->b, 4), 4);
    assert_int_equal(mailbox_posted(f->b, f->a->id), 10);
    assert_int_equal(mailbox_consumed(f->b, f->a->id), 4);
    assert_true(mailbox_has_work(f->b));
    assert_int_equal(mailbox_drain_records(f->b, 100), 6);
    assert_int_equal(mailbox_consumed(f->b, f->a->id), 10);
}

static void a_record_larger_than_a_batch_travels_in_its_place(void **state)
{
    struct fixture *f = *state;
    enum { LARGE = 300000 };
    char *large = test_malloc(LARGE + 1);
    memset(large, 'x', LARGE);
    large[LARGE] = 0;
    post(f->a, f->b, 1, "before");
    post(f->a, f->b, 2, large);
    post(f->a, f->b, 3, "after");
    mailbox_publish(f->a);
    const char *text = drained(f, f->b, 10);
    assert_int_equal(strlen(text),
                     LARGE + strlen("1:before>t(0,0,0,) 2:>t(0,0,0,) 3:after>t(0,0,0,) "));
    assert_memory_equal(text, "1:before>t(0,0,0,) 2:xxx", 24);
    assert_non_null(strstr(text, "x>t(0,0,0,) 3:after>t(0,0,0,) "));
    test_free(large);
}

static void batches_go_back_to_their_producer_and_are_filled_again(void **state)
{
    struct fixture *f = *state;
    static char kilobyte[1025];
    memset(kilobyte, 'k', sizeof kilobyte - 1);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 200; i++) post(f->a, f->b, 1, kilobyte);
        mailbox_publish(f->a);
        f->seen.text.len = 0;
        assert_int_equal(mailbox_drain_records(f->b, UINT32_MAX), 200);
        for (uint32_t at = 0; at < f->seen.text.len; at++)
            if (f->seen.text.ptr[at] == 0) fail();
    }
}

static void only_a_sleeper_is_woken(void **state)
{
    struct fixture *f = *state;
    const uint32_t *wakes = &f->fake->pollers[f->b->id].wakes;
    post(f->a, f->b, 1, "x");
    mailbox_publish(f->a);
    assert_int_equal(*wakes, 0);
    assert_false(mailbox_may_sleep(f->b)); /* there is work */
    (void)drained(f, f->b, 10);
    assert_true(mailbox_may_sleep(f->b));
    post(f->a, f->b, 1, "x");
    assert_int_equal(*wakes, 0);
    mailbox_publish(f->a);
    assert_int_equal(*wakes, 1);
    mailbox_woke(f->b);
    post(f->a, f->b, 1, "x");
    mailbox_publish(f->a);
    assert_int_equal(*wakes, 1);
}

struct letter {
    struct mail mail;
    int number;
    int *order; /* where the next number goes */
    int *count;
};

static void open_letter(struct mail *mail, struct reactor *r)
{
    struct letter *l = container_of(mail, struct letter, mail);
    (void)r;
    l->order[(*l->count)++] = l->number;
}

static void mail_is_run_in_the_order_in_which_it_came(void **state)
{
    struct fixture *f = *state;
    struct letter letters[5];
    int order[6], count = 0;
    for (int i = 0; i < 5; i++) {
        letters[i] = (struct letter){ { NULL, open_letter }, i, order, &count };
        mailbox_mail(f->b, &letters[i].mail);
    }
    assert_true(mailbox_has_work(f->b));
    assert_false(mailbox_may_sleep(f->b));
    assert_int_equal(mailbox_drain_mail(f->b), 5);
    for (int i = 0; i < 5; i++) assert_int_equal(order[i], i);
    assert_int_equal(mailbox_drain_mail(f->b), 0);
    assert_true(mailbox_may_sleep(f->b));
    mailbox_mail(f->b, &letters[0].mail);
    assert_int_equal(f->fake->pollers[f->b->id].wakes, 1);
    (void)mailbox_drain_mail(f->b);
}

static void post_blob(struct reactor *from, struct reactor *to, struct blob *blob)
{
    static char target[] = "t";
    void *targets[] = { target };
    struct record rec = {
        .bytes = SLICE_LIT("head"), .blob = blob, .targets = targets, .targets_count = 1
    };
    mailbox_record(from, to, &rec);
}

static void a_mailbox_that_ends_gives_back_the_blobs_of_unread_records(void **state)
{
    struct fixture *f = *state;
    struct blob *blob = blob_new(SLICE_LIT("large"));
    for (int i = 0; i < 4; i++) post_blob(f->a, f->b, blob);
    mailbox_publish(f->a);
    (void)mailbox_drain_records(f->b, 1); /* one read, three taken but unread */
    post_blob(f->a, f->b, blob);
    mailbox_publish(f->a);                /* one that nobody looked at */
    post_blob(f->a, f->c, blob);          /* one that was not even published */
    assert_int_equal(atomic_load(&blob->refs), 6);
    fake_free(f->fake);
    f->fake = fake_new();
    assert_int_equal(atomic_load(&blob->refs), 1);
    (void)blob_unref(blob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_arrives_as_it_was_posted, setup, teardown),
        cmocka_unit_test_setup_teardown(
            records_are_seen_after_they_were_published_and_only_by_their_receiver, setup, teardown),
        cmocka_unit_test_setup_teardown(records_of_a_pair_keep_their_order_over_ticks_and_budgets,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_budget_ends_the_turn_and_counts_what_was_consumed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_record_larger_than_a_batch_travels_in_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(batches_go_back_to_their_producer_and_are_filled_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(only_a_sleeper_is_woken, setup, teardown),
        cmocka_unit_test_setup_teardown(mail_is_run_in_the_order_in_which_it_came, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mailbox_that_ends_gives_back_the_blobs_of_unread_records,
                                        setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
