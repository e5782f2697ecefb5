/* SPDX-License-Identifier: Apache-2.0 */
/* A stream at rest, whose files rot: each byte of them in turn. What comes out is what was put in,
 * or is said to be damaged, and only that; and the stream can still be emptied. */
#include "store/block_format.h"
#include "store/msgs_file_testing.h"
#include "subject/subject.h"

enum { MESSAGES = 150, SECTIONS = 64 };

struct kept {
    uint32_t   kind;
    struct buf bytes;
};

struct rest {
    struct files *files;
    struct kept   sections[SECTIONS];
    uint32_t      count;
};

/* ---- a stream at rest ---- */

static const char *subject_of(uint64_t sequence, char text[32])
{
    (void)snprintf(text, 32, "a.%u", (unsigned)(sequence % 7));
    return text;
}

static const char *payload_of(uint64_t sequence, char text[64])
{
    int len = snprintf(text, 64, "payload %u ", (unsigned)sequence);
    for (uint32_t i = 0; i < sequence % 30; i++) text[(uint32_t)len + i] = (char)('a' + i % 20);
    text[(uint32_t)len + sequence % 30] = '\0';
    return text;
}

static void no_error(void *ctx, enum err e)
{
    assert_int_equal(e, ERR_OK);
    ++*(int *)ctx;
}

static void keep(void *ctx, const struct checkpoint_section *s)
{
    struct rest *r = ctx;
    assert_true(r->count < SECTIONS);
    r->sections[r->count].kind = s->kind;
    buf_add(&r->sections[r->count++].bytes, s->bytes);
}

static void list_failed(void *ctx, enum err e, const char *what)
{
    (void)ctx;
    (void)e;
    fail_msg("%s", what);
}

/* What a list says of it, by way of the log. */
static void keep_list(struct rest *r, struct msgs *m)
{
    struct files *f = r->files;
    struct checkpoint *log;
    journal_pos pos;
    int done = 0;
    const struct checkpoint_options o = { .disk = &f->disk->base,
                                          .queue = f->queue,
                                          .directory = "checkpoint",
                                          .store_id = 1,
                                          .on_failed = list_failed };
    const struct checkpoint_load none = { 0 }, load = { .ctx = r, .on_section = keep };
    assert_int_equal(checkpoint_open(&o, &none, false, &log, &pos, NULL), ERR_OK);
    checkpoint_begin(log, 1);
    msgs_file_checkpoint(m, log);
    checkpoint_commit(log, no_error, &done);
    files_settle(f);
    assert_int_equal(done, 1);
    checkpoint_close(log);
    assert_int_equal(checkpoint_open(&o, &load, false, &log, &pos, NULL), ERR_OK);
    checkpoint_close(log);
}

static struct rest *rest_new(bool is_compressed, bool is_sealed)
{
    char subject[32], payload[64];
    struct rest *r = xcalloc(1, sizeof *r);
    struct files *f = r->files = files_setup(5);
    int flushed = 0;
    f->options.is_compressed = is_compressed;
    if (is_sealed) files_seal(f);
    struct msgs *m = files_make(f, 1);
    for (uint64_t i = 1; i <= MESSAGES; i++)
        files_add(m, i, subject_of(i, subject), payload_of(i, payload));
    assert_true(msgs_remove(m, 20, NULL));
    assert_true(msgs_remove(m, 101, NULL));
    msgs_file_flush(m, no_error, &flushed);
    files_settle(f);
    assert_int_equal(flushed, 1);
    assert_int_equal(msgs_file_unsafe(m), 0);
    keep_list(r, m);
    (void)files_close(f, m);
    return r;
}

static void rest_free(struct rest *r)
{
    for (uint32_t i = 0; i < r->count; i++) buf_deinit(&r->sections[i].bytes);
    files_teardown(r->files);
    xfree(r);
}

static struct msgs *wake_up(struct rest *r)
{
    struct errmsg why;
    struct msgs *m = msgs_file_new(&r->files->options, 1);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct checkpoint_section s = { r->files->options.incarnation, r->sections[i].kind,
                                              buf_slice(&r->sections[i].bytes) };
        assert_int_equal(msgs_file_load(m, &s), ERR_OK);
    }
    assert_int_equal(msgs_file_loaded(m, &why), ERR_OK);
    msgs_file_refilled(m);
    assert_int_equal(msgs_file_recovered(m, false, &why), ERR_OK);
    return m;
}

/* ---- looking ---- */

struct seen {
    uint32_t damaged;
    uint64_t bytes, told_bytes; /* of them */
    uint64_t first, last; /* of them */
};

static void look_at(struct rest *r, struct msgs *m, struct seen *ret)
{
    char subject[32], payload[64];
    struct stored got;
    *ret = (struct seen){ 0 };
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        enum err e = files_get(r->files, m, i, &got);
        if (i == 20 || i == 101) {
            assert_int_equal(e, ERR_NOTFOUND);
            continue;
        }
        assert_int_equal(msgs_has(m, i), e == ERR_OK);
        if (e != ERR_OK) {
            assert_int_equal(e, ERR_CORRUPT);
            if (ret->damaged++ == 0) ret->first = i;
            ret->last = i;
            ret->bytes += msgs_size(true, (uint32_t)strlen(subject_of(i, subject)), 0,
                                    (uint32_t)strlen(payload_of(i, payload)));
            continue;
        }
        assert_int_equal(got.sequence, i);
        assert_true(slice_equal_str(got.subject, subject_of(i, subject)));
        assert_true(slice_equal_str(got.payload, payload_of(i, payload)));
    }
    assert_int_equal(msgs_lost(m, NULL, NULL), ret->damaged);
    ret->told_bytes = msgs_lost_bytes(m);
}

static uint64_t count_of(struct msgs *m, const char *pattern, uint64_t from)
{
    const struct slice one = slice_str(pattern);
    const struct msgs_filter f = { &one, one.len > 0 ? 1 : 0 };
    uint64_t got = 0;
    assert_int_equal(msgs_count(m, &f, from, false, NULL, &got), ERR_OK);
    return got;
}

/* What cannot be read counts nowhere, whoever asks from where. */
static void expect_counts(struct msgs *m)
{
    static const char *const patterns[] = { "", "a.*", "a.>", "a.3", "a.6", "b" };
    char text[32];
    for (uint32_t p = 0; p < ARRAY_COUNT(patterns); p++) {
        const char *of = patterns[p];
        uint64_t want = 0;
        for (uint64_t i = MESSAGES; i > 0; i--) {
            if (msgs_has(m, i))
                want += of[0] == '\0' ||
                        subject_matches(slice_str(of), slice_str(subject_of(i, text)));
            if (i % 13 == 1) assert_int_equal(count_of(m, of, i), want);
        }
    }
}

/* The search for a time ends behind all that is older and can be read, and before what is not. */
static void expect_times(struct msgs *m)
{
    for (uint64_t i = 1; i <= MESSAGES + 1; i++) {
        uint64_t got = 0;
        assert_int_equal(msgs_at_time(m, (nanos)i * SECOND, NULL, &got), ERR_OK);
        for (uint64_t at = got; at < i; at++) assert_false(msgs_has(m, at));
        for (uint64_t at = i; at < got; at++) assert_false(msgs_has(m, at));
    }
}

static bool no_subject(void *ctx, struct slice subject, uint64_t count, uint64_t last)
{
    (void)ctx;
    (void)count;
    (void)last;
    fail_msg("%.*s is still there", SLICE_ARGS(subject));
    return false;
}

/* One by one, from both ends and the middle, whatever is known of them. */
static void empty(struct msgs *m)
{
    struct msgs_state s;
    struct msgs_filter all = { NULL, 0 };
    for (uint64_t i = 0; i < MESSAGES; i += 3) (void)msgs_remove(m, i, NULL);
    msgs_check(m);
    expect_counts(m);
    expect_times(m);
    (void)msgs_compact(m, 60);
    msgs_check(m);
    expect_counts(m);
    const struct slice four = SLICE_LIT("a.4");
    (void)msgs_purge(m, &(struct msgs_filter){ &four, 1 }, 0, 0);
    assert_int_equal(count_of(m, "a.4", 0), 0);
    msgs_check(m);
    for (uint64_t i = MESSAGES; i > 70; i--) (void)msgs_remove(m, i, NULL);
    msgs_check(m);
    (void)msgs_compact(m, MESSAGES);
    (void)msgs_remove(m, MESSAGES, NULL);
    msgs_state(m, &s);
    assert_true(s.messages == 0 && s.bytes == 0 && s.subjects == 0);
    assert_int_equal(msgs_lost_bytes(m), 0);
    assert_int_equal(s.last_sequence, MESSAGES);
    msgs_subjects(m, &all, SLICE_LIT(""), no_subject, NULL);
    files_add(m, MESSAGES + 1, "a.1", "again");
    msgs_check(m);
}

/* ---- what a byte belongs to ---- */

static uint32_t part_at(const uint8_t *file, uint64_t size, uint64_t at, bool *ret_is_message)
{
    uint64_t offset = 0;
    uint32_t stored = 0;
    for (; offset < size; offset += PART_HEAD + stored) {
        stored = le_get_u32(file + offset + PART_STORED);
        if (at < offset + PART_HEAD + stored) break;
    }
    bool is_chunk = file[offset + 10] == 'C';
    *ret_is_message = is_chunk && at >= offset + PART_HEAD;
    return le_get_u32(file + offset + PART_COUNT);
}

static void expect_damage(const struct seen *s, bool is_message, bool is_plain, uint32_t count)
{
    if (!is_message && is_plain) assert_int_equal(s->damaged, 0);
    if (is_message && is_plain) assert_true(s->damaged <= 1);
    /* without a footer it is the average */
    if (is_message) assert_true(s->told_bytes >= s->bytes / 2 && s->told_bytes <= s->bytes * 2);
    assert_true(s->damaged == 0 || s->last - s->first < count);
}

static uint64_t rot_file(struct rest *r, const char *name, bool is_plain, uint32_t step)
{
    uint64_t size, damaged = 0;
    (void)disk_memory_bytes(r->files->disk, name, &size);
    for (uint64_t at = 0; at < size; at += step) {
        bool is_message;
        struct seen s;
        uint32_t bit = (uint32_t)(at % 8);
        uint32_t count = part_at(disk_memory_bytes(r->files->disk, name, &size), size, at,
                                 &is_message);
        disk_memory_flip(r->files->disk, name, at, bit);
        struct msgs *m = wake_up(r);
        msgs_file_stop(m);
        look_at(r, m, &s);
        expect_damage(&s, is_message, is_plain, count);
        damaged += s.damaged;
        msgs_check(m);
        if (at % 16 == 0) expect_counts(m);
        if (at % 16 == 0) empty(m);
        (void)files_close(r->files, m);
        disk_memory_flip(r->files->disk, name, at, bit);
    }
    return damaged;
}

struct names {
    char     at[16][DISK_NAME_MAX];
    uint32_t count;
};

static void note_name(void *ctx, const char *name, uint64_t size)
{
    struct names *n = ctx;
    (void)size;
    if (strncmp(name, "streams/", 8) != 0) return;
    assert_true(n->count < 16);
    (void)snprintf(n->at[n->count++], DISK_NAME_MAX, "%s", name);
}

static void rot(bool is_compressed, bool is_sealed, uint32_t step)
{
    struct rest *r = rest_new(is_compressed, is_sealed);
    struct names n = { .count = 0 };
    uint64_t damaged = 0;
    disk_memory_each(r->files->disk, &n, note_name);
    assert_true(n.count >= 2);
    for (uint32_t i = 0; i < n.count; i++)
        damaged += rot_file(r, n.at[i], !is_compressed && !is_sealed, step);
    assert_true(damaged > 100);
    rest_free(r);
}

static void of_plain_blocks_exactly_the_message_is_damaged(void **state)
{
    (void)state;
    rot(false, false, 3);
}

static void of_compressed_and_sealed_ones_a_chunk_is(void **state)
{
    (void)state;
    rot(true, false, 7);
    rot(false, true, 13);
}

/* ---- files that are gone, short, or cannot be read ---- */

static struct msgs *wake_up_without_first(struct rest *r, struct seen *ret)
{
    struct disk *d = &r->files->disk->base;
    struct names n = { .count = 0 };
    disk_memory_each(r->files->disk, &n, note_name);
    assert_int_equal(d->remove(d, n.at[0]), ERR_OK);
    struct msgs *m = wake_up(r);
    look_at(r, m, ret);
    return m;
}

static void a_file_that_is_absent_loses_its_messages_and_no_others(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct seen s;
    struct msgs *m = wake_up_without_first(r, &s);
    assert_true(s.damaged > 10 && s.first == 1 && s.last < 100);
    empty(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

static void a_file_that_is_cut_loses_what_stood_behind(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct disk *d = &r->files->disk->base;
    struct names n = { .count = 0 };
    struct disk_file *file;
    struct seen s;
    disk_memory_each(r->files->disk, &n, note_name);
    assert_int_equal(d->open(d, n.at[0], DISK_OPEN_WRITE, &file, NULL), ERR_OK);
    assert_int_equal(d->truncate(d, file, 1000), ERR_OK);
    d->close(d, file);
    struct msgs *m = wake_up(r);
    look_at(r, m, &s);
    assert_true(s.damaged > 10 && s.first > 5 && s.first < 20 && s.last < 100);
    empty(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

static void a_read_that_fails_makes_what_it_should_have_read_damaged(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct seen s;
    struct msgs *m = wake_up(r);
    struct disk_memory_fault *reads = &r->files->disk->fault[DISK_MEMORY_READS];
    r->files->disk->busy_permille = 1000; /* so that all are operations */
    reads->fail_at = reads->count + 3;
    look_at(r, m, &s);
    assert_true(s.damaged > 0 && s.damaged < MESSAGES / 2);
    empty(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

/* ---- a subject of which one in the middle cannot be read ---- */

/* The only one of which not even the subject can be told, with others of it behind; or 0. */
static uint64_t only_unknown(struct msgs *m)
{
    struct slice subject;
    uint64_t size, found = 0, count = 0;
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        if (msgs_meta(m, i, &subject, &size) != ERR_CORRUPT) continue;
        found = i;
        count++;
    }
    return count == 1 && found + 7 <= MESSAGES ? found : 0;
}

static void expect_one(struct msgs *m, struct slice subject, uint64_t sequence)
{
    struct msgs_subject found;
    assert_true(msgs_subject(m, subject, &found));
    assert_int_equal(found.first, sequence);
    assert_int_equal(found.last, sequence);
    assert_int_equal(found.count, 1);
}

/* Whether the hidden one goes first, or stays, its subject has what can be read, and no other. */
static void remove_around(struct msgs *m, uint64_t hidden, bool goes)
{
    char text[32];
    struct slice subject = slice_str(subject_of(hidden, text));
    struct msgs_subject found;
    if (goes) assert_true(msgs_remove_unread(m, hidden, SLICE_LIT("")));
    for (uint64_t i = hidden % 7; i <= MESSAGES; i += 7)
        if (i != hidden) (void)msgs_remove(m, i, NULL);
    assert_false(msgs_subject(m, subject, &found));
    files_add(m, MESSAGES + 1, text, "again");
    expect_one(m, subject, MESSAGES + 1);
    msgs_check(m);
}

static void a_subject_begins_where_what_can_be_read_does(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct names n = { .count = 0 };
    uint64_t size;
    uint32_t tried = 0;
    disk_memory_each(r->files->disk, &n, note_name);
    const char *name = n.at[n.count - 1];
    (void)disk_memory_bytes(r->files->disk, name, &size);
    for (uint64_t at = 0; at < size; at++) {
        disk_memory_flip(r->files->disk, name, at, 1);
        struct msgs *m = wake_up(r);
        uint64_t hidden = only_unknown(m);
        if (hidden > 0) remove_around(m, hidden, tried++ % 2 == 0);
        (void)files_close(r->files, m);
        disk_memory_flip(r->files->disk, name, at, 1);
    }
    assert_true(tried > 50);
    rest_free(r);
}

/* ---- what is counted of the others ---- */

/* The sums of those that can be read, and of each subject how many they are. */
static void expect_counted(struct rest *r, struct msgs *m, uint64_t from)
{
    char subject[32];
    struct msgs_subject found;
    struct msgs_state state;
    uint64_t bytes = 0, counts[7] = { 0 };
    struct stored got;
    for (uint64_t i = from; i <= MESSAGES; i++) {
        if (files_get(r->files, m, i, &got) != ERR_OK) continue;
        bytes += msgs_size(true, got.subject.len, 0, got.payload.len);
        counts[i % 7]++;
    }
    msgs_state(m, &state);
    assert_int_equal(state.bytes, bytes);
    for (uint64_t k = 0; k < 7; k++) {
        assert_true(msgs_subject(m, slice_str(subject_of(k, subject)), &found));
        assert_int_equal(found.count, counts[k]);
    }
}

static void when_all_that_was_damaged_has_gone_the_rest_is_counted_anew(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct seen s;
    struct msgs *m = wake_up_without_first(r, &s);
    assert_true(s.first == 1 && s.last > 20);
    for (uint64_t i = s.first; i <= s.last; i++) (void)msgs_remove(m, i, NULL);
    assert_int_equal(msgs_lost(m, NULL, NULL), 0);
    expect_counted(r, m, s.last + 1);
    msgs_check(m);
    empty(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

static uint64_t count_readable(struct rest *r, struct msgs *m, uint64_t subject)
{
    uint64_t count = 0;
    struct stored got;
    for (uint64_t i = subject; i <= MESSAGES; i += 7)
        count += files_get(r->files, m, i, &got) == ERR_OK;
    return count;
}

/* The first of a subject goes, and the next ones of it are damaged. */
static void what_is_damaged_is_not_counted_instead_of_what_follows(void **state)
{
    (void)state;
    char subject[32];
    struct rest *r = rest_new(false, false);
    struct disk *d = &r->files->disk->base;
    struct names n = { .count = 0 };
    struct msgs_subject found;
    struct seen s;
    disk_memory_each(r->files->disk, &n, note_name);
    assert_true(n.count > 2);
    assert_int_equal(d->remove(d, n.at[1]), ERR_OK);
    struct msgs *m = wake_up(r);
    look_at(r, m, &s);
    assert_true(s.first > 14 && s.last < MESSAGES - 14);
    for (uint64_t i = 1; i < s.first; i += 7) assert_true(msgs_remove(m, i, NULL));
    assert_true(msgs_subject(m, slice_str(subject_of(1, subject)), &found));
    assert_int_equal(found.count, count_readable(r, m, 1));
    assert_true(found.first > s.last);
    msgs_check(m);
    empty(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

static void sections_drop(struct rest *r)
{
    for (uint32_t i = 0; i < r->count; i++) buf_deinit(&r->sections[i].bytes);
    r->count = 0;
}

/* An index could not be read, a subject was counted without what stands there, and the next start
 * can read it: what goes then was not counted (seed 5624 of the simulator). */
static void what_was_not_counted_is_not_missed_when_it_goes(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct disk *d = &r->files->disk->base;
    struct names n = { .count = 0 };
    struct msgs_subject found;
    struct seen s;
    char subject[32];
    disk_memory_each(r->files->disk, &n, note_name);
    assert_int_equal(d->rename(d, n.at[1], "streams/away"), ERR_OK);
    struct msgs *m = wake_up(r);
    look_at(r, m, &s);
    assert_true(s.first > 14 && s.last < MESSAGES - 14);
    for (uint64_t i = 1; i < s.first; i += 7) assert_true(msgs_remove(m, i, NULL));
    sections_drop(r);
    keep_list(r, m);
    (void)files_close(r->files, m);
    assert_int_equal(d->rename(d, "streams/away", n.at[1]), ERR_OK);
    m = wake_up(r);
    uint64_t readable = count_readable(r, m, 1);
    assert_true(readable > 0);
    for (uint64_t i = s.first; i <= s.last; i++) {
        (void)msgs_remove(m, i, NULL);
        assert_true(msgs_subject(m, slice_str(subject_of(1, subject)), &found));
        assert_true(found.count >= readable);
    }
    assert_int_equal(msgs_lost(m, NULL, NULL), 0);
    expect_counted(r, m, 1);
    msgs_check(m);
    empty(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

static void what_a_start_missed_is_forgotten_when_the_stream_begins_behind_it(void **state)
{
    (void)state;
    struct files *f = files_setup(3);
    struct msgs *m = files_make(f, 1);
    struct rest r = { .files = f };
    for (uint64_t i = 1; i <= 5; i++) files_add(m, i, "a.1", "x");
    msgs_file_damaged(m, 6, 8);
    files_add(m, 9, "a.1", "x");
    assert_int_equal(msgs_lost(m, NULL, NULL), 3);
    keep_list(&r, m);
    sections_drop(&r);
    (void)msgs_compact(m, 9);
    assert_int_equal(msgs_lost(m, NULL, NULL), 0);
    keep_list(&r, m);
    (void)files_close(f, m);
    m = wake_up(&r);
    assert_int_equal(msgs_lost(m, NULL, NULL), 0);
    msgs_check(m);
    (void)files_close(f, m);
    sections_drop(&r);
    files_teardown(f);
}

/* ---- writes that fail ---- */

static void write_failed(void *ctx, enum err e)
{
    assert_int_equal(e, ERR_IO);
    ++*(int *)ctx;
}

static void a_write_that_fails_stops_the_stream_and_nothing_is_lost(void **state)
{
    (void)state;
    char subject[32], payload[64];
    for (int kind = DISK_MEMORY_WRITES; kind <= DISK_MEMORY_NAMES; kind++) {
        struct files *f = files_setup(3);
        struct msgs *m = files_make(f, 1);
        struct rest r = { .files = f };
        struct seen s;
        int done = 0;
        f->disk->fault[kind].fail_at = f->disk->fault[kind].count + 2;
        for (uint64_t i = 1; i <= MESSAGES; i++)
            files_add(m, i, subject_of(i, subject), payload_of(i, payload));
        (void)msgs_remove(m, 20, NULL);
        (void)msgs_remove(m, 101, NULL);
        msgs_file_flush(m, write_failed, &done);
        files_settle(f);
        assert_int_equal(done, 1);
        assert_int_equal(f->failures, 1);
        look_at(&r, m, &s);
        assert_int_equal(s.damaged, 0);
        keep_list(&r, m);
        (void)files_close(f, m);
        m = wake_up(&r);
        look_at(&r, m, &s);
        assert_int_equal(s.damaged, 0);
        (void)files_close(f, m);
        sections_drop(&r);
        files_teardown(f);
    }
}

/* ---- sections of an older program ---- */

static void a_state_of_the_first_version_is_read(void **state)
{
    (void)state;
    struct rest *r = rest_new(false, false);
    struct seen s;
    uint32_t cut = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->sections[i].kind != SECTION_STATE) continue;
        assert_int_equal(r->sections[i].bytes.len, STATE_SIZE);
        r->sections[i].bytes.len = STATE_SIZE_OLDEST;
        cut++;
    }
    assert_true(cut > 0);
    struct msgs *m = wake_up(r);
    look_at(r, m, &s);
    assert_int_equal(s.damaged, 0);
    assert_int_equal(msgs_lost_bytes(m), 0);
    msgs_check(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

/* ---- a tail in pieces ---- */

static void sections_forget(struct rest *r)
{
    for (uint32_t i = 0; i < r->count; i++) buf_deinit(&r->sections[i].bytes);
    r->count = 0;
}

/* Two lists, with messages that no block has. */
static struct rest *rest_without_blocks(void)
{
    char subject[32], payload[64];
    struct rest *r = xcalloc(1, sizeof *r);
    struct files *f = r->files = files_setup(5);
    f->options.block_size = f->options.tail_size = 1 << 20;
    struct msgs *m = files_make(f, 1);
    for (uint64_t i = 1; i <= MESSAGES; i++) {
        files_add(m, i, subject_of(i, subject), payload_of(i, payload));
        if (i == MESSAGES / 2) keep_list(r, m);
    }
    sections_forget(r);
    assert_true(msgs_remove(m, 20, NULL));
    assert_true(msgs_remove(m, 101, NULL));
    keep_list(r, m);
    (void)files_close(f, m);
    return r;
}

/* While the log is rewritten a list may be loaded before the slice that stands behind it. */
static void a_tail_is_whole_in_whatever_order_its_pieces_come(void **state)
{
    (void)state;
    struct rest *r = rest_without_blocks();
    struct seen s;
    struct kept *tails[2] = { NULL, NULL };
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->sections[i].kind != SECTION_TAIL) continue;
        if (count < 2) tails[count] = &r->sections[i];
        count++;
    }
    assert_int_equal(count, 2);
    assert(tails[0] != NULL && tails[1] != NULL);
    struct kept first = *tails[0];
    *tails[0] = *tails[1];
    *tails[1] = first;
    struct msgs *m = wake_up(r);
    look_at(r, m, &s);
    assert_int_equal(s.damaged, 0);
    msgs_check(m);
    (void)files_close(r->files, m);
    rest_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_plain_blocks_exactly_the_message_is_damaged),
        cmocka_unit_test(of_compressed_and_sealed_ones_a_chunk_is),
        cmocka_unit_test(a_file_that_is_absent_loses_its_messages_and_no_others),
        cmocka_unit_test(a_file_that_is_cut_loses_what_stood_behind),
        cmocka_unit_test(a_read_that_fails_makes_what_it_should_have_read_damaged),
        cmocka_unit_test(a_subject_begins_where_what_can_be_read_does),
        cmocka_unit_test(when_all_that_was_damaged_has_gone_the_rest_is_counted_anew),
        cmocka_unit_test(what_is_damaged_is_not_counted_instead_of_what_follows),
        cmocka_unit_test(what_was_not_counted_is_not_missed_when_it_goes),
        cmocka_unit_test(what_a_start_missed_is_forgotten_when_the_stream_begins_behind_it),
        cmocka_unit_test(a_write_that_fails_stops_the_stream_and_nothing_is_lost),
        cmocka_unit_test(a_state_of_the_first_version_is_read),
        cmocka_unit_test(a_tail_is_whole_in_whatever_order_its_pieces_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
