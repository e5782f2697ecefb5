/* SPDX-License-Identifier: Apache-2.0 */
/* A store with blocks, and what a check says of it when something has rotted. */
#include "store/store_check.h"

#include "store/block_code.h"
#include "store/block_index.h"
#include "store/journal_format.h"
#include "store/msgs_sections.h"
#include "store/store_testing.h"

enum { FIRST = 11, COUNT = 10, TOLD_MAX = 8 };
#define BLOCK_FILE "streams/0000000000000001/00000003"

/* A stream that has one block of COUNT messages, with a footer. */
struct streamed {
    struct store_owner owner;
    uint64_t           end;
    uint32_t           footer;
    uint32_t           claims; /* messages that the head of its chunk says it has */
    uint64_t           store_id;
    bool               has_tail; /* its list has messages, too */
};

struct told {
    uint32_t count;
    char     text[TOLD_MAX][256];
    char     stranger[256];
};

static void nothing(struct store_owner *o, const struct journal_record *r, bool is_replay)
{
    (void)o;
    (void)r;
    (void)is_replay;
}

/* The last one of the block, and one that no block has. */
static void add_tail(const struct streamed *s, struct checkpoint *c)
{
    for (uint64_t sequence = FIRST + COUNT - 1; sequence <= FIRST + COUNT; sequence++) {
        const struct stored m = {
            sequence, SECOND, SLICE_LIT("a.b"), { NULL, 0 }, SLICE_LIT("in the list")
        };
        message_encode(&m, message_seed(s->store_id, 1),
                       checkpoint_add(c, 1, SECTION_TAIL, message_len(&m)));
    }
    uint8_t *at = checkpoint_add(c, 1, SECTION_STATE, STATE_SIZE);
    memset(at, 0, STATE_SIZE);
    le_put_u64(at + STATE_FIRST, FIRST);
}

static void add_block(struct store_owner *o, struct checkpoint *c)
{
    const struct streamed *s = container_of(o, struct streamed, owner);
    uint8_t *at = checkpoint_add(c, o->incarnation, SECTION_BLOCK, BLOCK_SIZE);
    memset(at, 0, BLOCK_SIZE);
    le_put_u32(at + BLOCK_NUMBER, 3);
    le_put_u32(at + BLOCK_FLAGS, BLOCK_FLAG_FOOTER);
    le_put_u64(at + BLOCK_FIRST, FIRST);
    le_put_u64(at + BLOCK_LAST, FIRST + COUNT - 1);
    le_put_u64(at + BLOCK_END, s->end);
    le_put_u32(at + BLOCK_FOOTER, s->footer);
    if (s->has_tail) add_tail(s, c);
}

static const struct store_owner_ops ops = { .apply = nothing, .checkpoint = add_block };

static void write_part(struct world *w, uint64_t offset, const uint8_t *bytes, uint32_t len)
{
    struct disk *disk = &w->disk->base;
    struct disk_file *file = NULL;
    enum err e = disk->open(disk, BLOCK_FILE, offset == 0 ? DISK_OPEN_CREATE : DISK_OPEN_WRITE,
                            &file, NULL);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(disk->write(disk, file, offset, slice_of(bytes, len)), ERR_OK);
    disk->close(disk, file);
}

/* Packs and writes; returns how many bytes it takes. */
static uint32_t write_body(struct world *w, const struct block_code *code, struct part_head *h,
                           uint8_t *part)
{
    uint8_t *out = block_code_pack(code, h, part, false);
    uint32_t len = PART_HEAD + h->stored;
    write_part(w, h->offset, out, len);
    if (out != part) xfree(out);
    return len;
}

static void write_block(struct world *w, struct streamed *s)
{
    struct block_code code = { .store_id = store_id(w->store),
                               .incarnation = 1,
                               .seal = store_seal(w->store) };
    struct block_index *index = block_index_new(FIRST, 1);
    uint8_t *part = xalloc(65536), *to = part + PART_HEAD;
    code.seed = message_seed(code.store_id, 1);
    block_index_begin_chunk(index);
    for (uint32_t i = 0; i < COUNT; i++) {
        const struct stored m = {
            FIRST + i, SECOND, SLICE_LIT("a.b"), { NULL, 0 }, SLICE_LIT("twenty bytes of text")
        };
        message_encode(&m, code.seed, to);
        to += message_len(&m);
        block_index_add(index, &m, 0);
    }
    struct part_head chunk = { .kind = PART_CHUNK,
                               .block = 3,
                               .count = s->claims,
                               .first = FIRST,
                               .last = FIRST + COUNT - 1,
                               .plain = (uint32_t)(to - part - PART_HEAD) };
    s->end = write_body(w, &code, &chunk, part);
    index->chunks[0].stored = chunk.stored;
    index->chunks[0].flags = chunk.flags;
    struct part_head footer = { .kind = PART_FOOTER,
                                .block = 3,
                                .count = COUNT,
                                .first = FIRST,
                                .last = FIRST + COUNT - 1,
                                .offset = s->end,
                                .plain = block_index_encoded_len(index) };
    block_index_encode(index, part + PART_HEAD);
    s->footer = write_body(w, &code, &footer, part);
    index = block_index_free(index);
    assert_null(index);
    xfree(part);
}

/* A store at rest: the stream is in its checkpoint log, a thing also in its journal. */
static void make_as(struct world *w, uint32_t claims, bool has_tail)
{
    struct streamed s = { .owner.ops = &ops, .claims = claims, .has_tail = has_tail };
    struct errmsg why = { "" };
    journal_pos pos;
    assert_int_equal(world_open(w, &why), ERR_OK);
    store_enter(w->store, &s.owner, store_incarnation_new(w->store));
    assert_int_equal(s.owner.incarnation, 1);
    s.store_id = store_id(w->store);
    assert_non_null(store_add(w->store, s.owner.incarnation, 1, 0, 0, JOURNAL_USE_STORE, &pos));
    assert_int_equal(w->disk->base.make_dir(&w->disk->base, "streams/0000000000000001"), ERR_OK);
    write_block(w, &s);
    w->handed = 0;
    world_settle(w);
    world_tick(w, HOUR);
    world_settle(w);
    struct thing *t = world_begin(w);
    assert_true(world_set(w, t, 1));
    world_settle(w);
    disk_memory_kill(w->disk);
    world_drain(w);
    world_tick(w, SECOND);
    world_drain(w);
    store_leave(w->store, &s.owner);
    world_leave(w);
    disk_memory_start(w->disk);
    assert_string_equal(w->complaint, "");
}

static void make(struct world *w)
{
    make_as(w, COUNT, false);
}

static void on_damage(void *ctx, const char *what)
{
    struct told *told = ctx;
    if (told->count < TOLD_MAX)
        (void)snprintf(told->text[told->count], sizeof told->text[0], "%s", what);
    told->count++;
}

static void on_stranger(void *ctx, const char *what)
{
    struct told *told = ctx;
    (void)snprintf(told->stranger, sizeof told->stranger, "%s", what);
}

static enum err check(struct world *w, struct told *told, struct store_check_result *ret,
                      struct errmsg *why)
{
    const struct store_check_options o = {
        .env = &w->env,
        .directory = "midge",
        .key = w->options.key,
        .ctx = told,
        .on_damage = on_damage,
        .on_stranger = on_stranger,
    };
    *told = (struct told){ 0 };
    return store_check(&o, ret, why);
}

static void expect_told(struct world *w, const char *what)
{
    struct store_check_result r;
    struct errmsg why = { "" };
    struct told told;
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    assert_int_equal(r.damages, told.count);
    for (uint32_t i = 0; i < told.count && i < TOLD_MAX; i++)
        if (strstr(told.text[i], what) != NULL) return;
    fail_msg("not told: %s; but %s", what, told.count > 0 ? told.text[0] : "nothing");
}

static void a_whole_store_is_whole(void **state)
{
    struct world *w = *state;
    for (uint32_t cipher = STORE_PLAIN; cipher <= STORE_CHACHA; cipher++) {
        struct world *one = world_new(cipher);
        one->options.cipher = (enum store_cipher)cipher;
        one->options.key = slice_str(cipher != STORE_PLAIN ? "secret" : NULL);
        struct store_check_result r;
        struct errmsg why = { "" };
        struct told told;
        make(one);
        assert_int_equal(check(one, &told, &r, &why), ERR_OK);
        if (told.count > 0) fail_msg("%s", told.text[0]);
        assert_int_equal(r.damages, 0);
        assert_int_equal(r.streams, 2); /* one of them is only in the journal */
        assert_int_equal(r.blocks, 1);
        assert_int_equal(r.messages, COUNT);
        assert_int_equal(r.records, 2);
        assert_int_equal(r.is_encrypted, cipher != STORE_PLAIN);
        one = world_free(one);
        assert_null(one);
    }
    assert_null(w->store);
}

static void what_is_not_there_or_not_readable_is_an_error(void **state)
{
    struct world *w = *state;
    struct store_check_result r;
    struct errmsg why = { "" };
    struct told told;
    assert_int_equal(check(w, &told, &r, &why), ERR_NOTFOUND);
    w->options.cipher = STORE_AES;
    w->options.key = slice_str("secret");
    make(w);
    w->options.key = slice_str("other");
    assert_int_equal(check(w, &told, &r, &why), ERR_DENIED);
    w->options.key = slice_str(NULL);
    assert_int_equal(check(w, &told, &r, &why), ERR_DENIED);
}

static void rot_of_each_part_is_named(void **state)
{
    struct world *w = *state;
    make(w);
    disk_memory_flip(w->disk, "identity.b", 100, 1);
    expect_told(w, "identity.a or identity.b");
    disk_memory_flip(w->disk, "identity.b", 100, 1);
    disk_memory_flip(w->disk, BLOCK_FILE, PART_HEAD + 70, 1);
    expect_told(w, BLOCK_FILE " at 0: a message is damaged, sequences 12 to 20");
    disk_memory_flip(w->disk, BLOCK_FILE, PART_HEAD + 70, 1);
    disk_memory_flip(w->disk, BLOCK_FILE, 40, 1);
    expect_told(w, BLOCK_FILE " at 0: the head of a part is damaged, sequences 11 to 20");
    disk_memory_flip(w->disk, BLOCK_FILE, 40, 1);
    uint64_t size = 0;
    assert_non_null(disk_memory_bytes(w->disk, BLOCK_FILE, &size));
    disk_memory_flip(w->disk, BLOCK_FILE, size - 1, 1);
    expect_told(w, "a part is damaged, sequences 11 to 20");
    disk_memory_flip(w->disk, BLOCK_FILE, size - 1, 1);
    disk_memory_flip(w->disk, "checkpoint/00000001.a", 130, 1);
    disk_memory_flip(w->disk, "checkpoint/00000001.b", 130, 1);
    expect_told(w, "checkpoint log: a list behind position 0 is damaged in both copies");
}

static void of_the_checkpoint_log_each_copy_is_named(void **state)
{
    struct world *w = *state;
    struct disk *disk = &w->disk->base;
    make(w);
    disk_memory_flip(w->disk, "checkpoint/00000001.a", 130, 1);
    expect_told(w, "checkpoint/00000001.a at 0: a list is damaged; its copy is whole");
    disk_memory_flip(w->disk, "checkpoint/00000001.a", 130, 1);
    assert_int_equal(disk->remove(disk, "checkpoint/00000001.b"), ERR_OK);
    expect_told(w, "checkpoint/00000001.b is gone; its copy is whole");
}

/* How often this is told when one bit is wrong, or two bits of a byte. */
static uint32_t count_told(struct world *w, uint64_t at, uint32_t bits, const char *what)
{
    struct store_check_result r;
    struct errmsg why = { "" };
    struct told told;
    uint32_t count = 0;
    for (uint32_t bit = 0; bit < bits; bit++)
        disk_memory_flip(w->disk, "journal/00000001", at, bit);
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    for (uint32_t i = 0; i < told.count && i < TOLD_MAX; i++)
        count += strstr(told.text[i], what) != NULL;
    for (uint32_t bit = 0; bit < bits; bit++)
        disk_memory_flip(w->disk, "journal/00000001", at, bit);
    return count;
}

static void of_the_journal_each_batch_is_named(void **state)
{
    struct world *w = *state;
    const char *what = "is damaged, stream streams/0000000000000001, sequences";
    struct errmsg why = { "" };
    uint64_t size = 0;
    uint32_t gone = 0, named = 0, mended = 0, damaged = 0;
    assert_int_equal(world_open(w, &why), ERR_OK);
    struct thing *t = world_begin(w);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(world_set(w, t, i));
        world_settle(w);
    }
    world_tick(w, SECOND);
    world_settle(w);
    world_crash(w, false);
    const uint8_t *bytes = disk_memory_bytes(w->disk, "journal/00000001", &size);
    assert_non_null(bytes);
    for (uint64_t at = 0; at + JOURNAL_SECTOR <= size; at += JOURNAL_SECTOR) {
        if (memcmp(bytes + at + HEAD_MAGIC, "MJB", 3) != 0) continue;
        uint64_t body = at + journal_head_len(le_get_u32(bytes + at + HEAD_RANGES));
        mended += count_told(w, at + HEAD_POS, 1, "journal: a bit of batch ");
        gone += count_told(w, at + HEAD_POS, 2, "journal: batches ");
        named += count_told(w, at + HEAD_POS, 2, what);
        damaged += count_told(w, body + 9, 2, what);
    }
    assert_true(mended > 0);
    assert_int_equal(gone, 0);  /* the head stands elsewhere too */
    assert_true(named > 0);
    assert_true(damaged > 0);
    struct disk *disk = &w->disk->base;
    assert_int_equal(disk->remove(disk, "journal/heads"), ERR_OK);
    assert_int_equal(count_told(w, HEAD_POS, 2, "journal: batches "), 1);
}

static void every_flipped_bit_of_a_block_is_noticed(void **state)
{
    struct world *w = *state;
    uint64_t size = 0;
    make(w);
    assert_non_null(disk_memory_bytes(w->disk, BLOCK_FILE, &size));
    for (uint64_t at = 0; at < size; at++) {
        struct store_check_result r;
        struct errmsg why = { "" };
        struct told told;
        disk_memory_flip(w->disk, BLOCK_FILE, at, (uint32_t)(at % 8));
        assert_int_equal(check(w, &told, &r, &why), ERR_OK);
        if (r.damages == 0) fail_msg("byte %llu", (unsigned long long)at);
        disk_memory_flip(w->disk, BLOCK_FILE, at, (uint32_t)(at % 8));
    }
}

static void a_chunk_with_other_messages_than_it_says_is_named(void **state)
{
    struct world *w = *state;
    make_as(w, COUNT - 1, false);
    expect_told(w, BLOCK_FILE " at 0: it has not as many messages as its head says");
}

static void a_block_that_is_gone_or_cut_is_named(void **state)
{
    struct world *w = *state;
    struct disk *disk = &w->disk->base;
    struct disk_file *file = NULL;
    make(w);
    assert_int_equal(disk->open(disk, BLOCK_FILE, DISK_OPEN_WRITE, &file, NULL), ERR_OK);
    assert_int_equal(disk->truncate(disk, file, 200), ERR_OK);
    disk->close(disk, file);
    expect_told(w, BLOCK_FILE " at 0: a part is damaged, sequences 11 to 20");
    assert_int_equal(disk->remove(disk, BLOCK_FILE), ERR_OK);
    expect_told(w, BLOCK_FILE " cannot be opened (no such object), sequences 11 to 20");
}

static void touch(struct world *w, const char *name)
{
    struct disk *disk = &w->disk->base;
    struct disk_file *file = NULL;
    assert_int_equal(disk->open(disk, name, DISK_OPEN_CREATE, &file, NULL), ERR_OK);
    disk->close(disk, file);
}

/* The end of a stream stands in the list, and is written to its next block by and by. */
static void what_stands_in_the_list_counts_and_its_block_is_no_stranger(void **state)
{
    struct world *w = *state;
    struct store_check_result r;
    struct errmsg why = { "" };
    struct told told;
    make_as(w, COUNT, true);
    touch(w, "streams/0000000000000001/00000005");
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    assert_int_equal(r.messages, COUNT);
    assert_int_equal(r.told, 1);
    assert_int_equal(r.damages + r.strangers, 0);
    touch(w, "streams/0000000000000001/00000002");
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    assert_int_equal(r.strangers, 1);
    assert_string_equal(told.stranger, "streams/0000000000000001/00000002");
    touch(w, "streams/0000000000000001/0000000x");
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    assert_int_equal(r.strangers, 2);
}

static void what_nothing_tells_of_is_a_stranger(void **state)
{
    struct world *w = *state;
    struct store_check_result r;
    struct errmsg why = { "" };
    struct told told;
    make(w);
    touch(w, "streams/0000000000000001/00000005");
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    assert_int_equal(r.told, 0);
    assert_int_equal(r.strangers, 1);
    assert_string_equal(told.stranger, "streams/0000000000000001/00000005");
}

static void nothing_is_changed(void **state)
{
    struct world *w = *state;
    struct store_check_result r;
    struct errmsg why = { "" };
    struct told told;
    make(w);
    disk_memory_flip(w->disk, "identity.a", 100, 1);
    disk_memory_flip(w->disk, "checkpoint/00000001.a", 130, 1);
    uint64_t used = disk_memory_used(w->disk);
    uint64_t writes = w->disk->fault[DISK_MEMORY_WRITES].count;
    assert_int_equal(check(w, &told, &r, &why), ERR_OK);
    assert_int_equal(disk_memory_used(w->disk), used);
    assert_int_equal(w->disk->fault[DISK_MEMORY_WRITES].count, writes);
}

#define WITH_WORLD(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_whole_store_is_whole),
        WITH_WORLD(what_is_not_there_or_not_readable_is_an_error),
        WITH_WORLD(rot_of_each_part_is_named),
        WITH_WORLD(of_the_checkpoint_log_each_copy_is_named),
        WITH_WORLD(of_the_journal_each_batch_is_named),
        WITH_WORLD(every_flipped_bit_of_a_block_is_noticed),
        WITH_WORLD(a_chunk_with_other_messages_than_it_says_is_named),
        WITH_WORLD(a_block_that_is_gone_or_cut_is_named),
        WITH_WORLD(what_stands_in_the_list_counts_and_its_block_is_no_stranger),
        WITH_WORLD(what_nothing_tells_of_is_a_stranger),
        WITH_WORLD(nothing_is_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
