/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/stream_store_testing.h"

/* As after a start with so much on the disk, of which so much is free. */
static struct jetstream *begin(struct file_world *f, uint64_t free)
{
    struct jetstream *js = &f->w->js;
    js->is_open = true;
    f->disk->capacity = disk_memory_used(f->disk) + free;
    js_space_begin(js, 0);
    return js;
}

static void tick(struct jetstream *js)
{
    jetstream_reactor(js)->now++;
}

static void three_quarters_of_what_is_free_may_be_stored(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(1);
    struct jetstream *js = begin(f, 4000);
    assert_int_equal(js->limits.store_max, 3000);
    assert_true(js_space_has(js, 3000, 0));
    assert_true(js_space_has(js, 1000, 2000));
    tick(js);
    assert_false(js_space_has(js, 3001, 0));
    assert_false(js_space_has(js, 1000, 2001));
    assert_false(js_space_has(js, UINT64_MAX, UINT64_MAX));
    file_world_free(f);
}

static void it_grows_with_the_space_and_never_shrinks(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(2);
    struct jetstream *js = begin(f, 0);
    assert_int_equal(js->limits.store_max, 0);
    assert_false(js_space_has(js, 0, 1));
    f->disk->capacity += 8000;
    assert_false(js_space_has(js, 0, 1)); /* it was looked for in this tick */
    tick(js);
    assert_true(js_space_has(js, 0, 6000));
    f->disk->capacity -= 8000;
    tick(js);
    assert_false(js_space_has(js, 0, 6001));
    assert_int_equal(js->limits.store_max, 6000);
    file_world_free(f);
}

/* What is stored takes from what is free, and from the limit nothing. */
static void what_is_stored_does_not_make_it_grow(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(3);
    struct jetstream *js = begin(f, 4000);
    js->store_used = 2000;
    f->disk->capacity -= 2000;
    tick(js);
    assert_false(js_space_has(js, 3001, 0));
    assert_int_equal(js->limits.store_max, 3000);
    js->store_used = 0;
    f->disk->capacity += 2000;
    file_world_free(f);
}

static void one_that_was_given_stays(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(4);
    struct options *o = (struct options *)(uintptr_t)f->w->js.options;
    o->jetstream.store_max = 500;
    struct jetstream *js = begin(f, 4000);
    tick(js);
    assert_true(js_space_has(js, 500, 0));
    assert_false(js_space_has(js, 501, 0));
    assert_int_equal(js->limits.store_max, 500);
    file_world_free(f);
}

static void accounts_keep_what_they_may_have_of_a_store(void **state)
{
    (void)state;
    struct file_world *f = file_world_new(5);
    struct jetstream *js = begin(f, 4000);
    js_space_begin(js, 9000);
    assert_int_equal(js->limits.store_max, 3000); /* nothing is there yet */
    const struct stream_config want = { .storage = JS_STORAGE_FILE, .max_bytes = 4000 };
    f->disk->capacity += 4000;
    tick(js);
    js_space_want(js, &want);
    assert_int_equal(js->limits.store_max, 6000);
    file_world_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_quarters_of_what_is_free_may_be_stored),
        cmocka_unit_test(it_grows_with_the_space_and_never_shrinks),
        cmocka_unit_test(what_is_stored_does_not_make_it_grow),
        cmocka_unit_test(one_that_was_given_stays),
        cmocka_unit_test(accounts_keep_what_they_may_have_of_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
