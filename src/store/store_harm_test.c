/* SPDX-License-Identifier: Apache-2.0 */
/* One file of a store at rest is harmed more than by a bit: pages of zeros, of chance, of another
 * time, an end that is cut, a file that is gone. Every message that was acked is there as it was,
 * or is told to be lost by its sequence; what stands twice costs none. */
#include "store/store_rest_testing.h"

enum { SECTOR = 512, PAGE = 4096 };

struct harms {
    struct rest *rest, *early;
    struct rng   rng;
    uint32_t     count, costly; /* how many, and how many of them cost messages */
};

/* What stands twice costs nothing. */
static bool is_twice(const struct rest_file *f)
{
    return strncmp(f->name, "checkpoint/", 11) == 0 || strncmp(f->name, "identity.", 9) == 0 ||
           strcmp(f->name, "journal/heads") == 0;
}

/* What is gone of it is told, or that it is set aside. */
static bool is_named(const struct yard *y, uint64_t incarnation)
{
    char lost[64], aside[96];
    (void)snprintf(lost, sizeof lost, "of the stream of " STORE_STREAMS "/%016llx",
                   (unsigned long long)incarnation);
    (void)snprintf(aside, sizeof aside,
                   STORE_STREAMS "/%016llx is set aside: what begins it is not in the journal",
                   (unsigned long long)incarnation);
    return strstr(y->reports, lost) != NULL || strstr(y->reports, aside) != NULL;
}

/* A pile whose beginning stood in the journal alone is not there without it. */
static uint32_t forgive_aside(struct yard *y)
{
    uint32_t aside = 0;
    for (uint32_t i = 0; i < y->promised; i++) {
        struct promise *p = &y->promises[i];
        if (yard_find(y, p->incarnation) != NULL || p->stored == 0) continue;
        if (!is_named(y, p->incarnation)) fail_msg("pile %u is gone: %s", i, y->reports);
        p->stored = 0;
        aside++;
    }
    return aside;
}

static void expect_honest(struct harms *h, const struct rest_harm *harm, const char *what)
{
    struct yard *y = rest_copy(h->rest, harm);
    struct errmsg why = { "" };
    enum err e = yard_open(y, &why);
    if (e) fail_msg("%s, %s: %s", harm->file->name, what, why.text);
    uint32_t lost = forgive_aside(y);
    lost += yard_count_lost(y);
    if (is_twice(harm->file) && lost > 0)
        fail_msg("%s, %s: %u are lost", harm->file->name, what, lost);
    if (lost > 0 && y->losses == 0 && y->reports[0] == '\0')
        fail_msg("%s, %s: nobody told", harm->file->name, what);
    h->count++;
    if (lost > 0) h->costly++;
    yard_free(y);
}

/* So many bytes from here on are others. `with` is NULL: zeros. */
static void harm_part(struct harms *h, const struct rest_file *f, uint64_t at, uint64_t len,
                      const uint8_t *with)
{
    char what[96];
    uint8_t *bytes = xalloc(f->size);
    if (len > f->size - at) len = f->size - at;
    memcpy(bytes, f->bytes, f->size);
    if (with == NULL) memset(bytes + at, 0, len);
    else memcpy(bytes + at, with, len);
    (void)snprintf(what, sizeof what, "%u bytes at %u are %s", (unsigned)len, (unsigned)at,
                   with == NULL ? "zero" : "others");
    const struct rest_harm harm = { f, bytes, f->size };
    if (memcmp(bytes, f->bytes, f->size) != 0) expect_honest(h, &harm, what);
    xfree(bytes);
}

static void cut(struct harms *h, const struct rest_file *f, uint64_t size)
{
    char what[96];
    const struct rest_harm harm = { f, f->bytes, size };
    (void)snprintf(what, sizeof what, "%u bytes of %u are left", (unsigned)size, (unsigned)f->size);
    if (size < f->size) expect_honest(h, &harm, what);
}

static void each_file(enum store_cipher cipher,
                      void (*each)(struct harms *, const struct rest_file *))
{
    struct harms h = { .rest = rest_new(cipher, false), .early = rest_new(cipher, true) };
    rng_init(&h.rng, 1);
    for (uint32_t i = 0; i < h.rest->count; i++)
        if (h.rest->files[i].size > 0) each(&h, &h.rest->files[i]);
    assert_true(h.count > 0);
    rest_free(h.rest);
    rest_free(h.early);
    print_message("%u harms, %u cost messages\n", h.count, h.costly);
}

static void zero_parts(struct harms *h, const struct rest_file *f)
{
    for (uint64_t at = 0; at < f->size; at += SECTOR) harm_part(h, f, at, SECTOR, NULL);
    for (uint64_t at = 0; at < f->size; at += PAGE) harm_part(h, f, at, PAGE, NULL);
    for (uint64_t at = 0; at < f->size; at += SECTOR) harm_part(h, f, at, f->size, NULL);
}

static void zeros_cost_what_is_told(void **state)
{
    (void)state;
    each_file(STORE_PLAIN, zero_parts);
    each_file(STORE_CHACHA, zero_parts);
}

static void draw_parts(struct harms *h, const struct rest_file *f)
{
    uint8_t noise[SECTOR];
    for (uint64_t at = 0; at < f->size; at += SECTOR) {
        for (uint32_t i = 0; i < SECTOR; i++) noise[i] = (uint8_t)rng_below(&h->rng, 256);
        harm_part(h, f, at, SECTOR, noise);
        harm_part(h, f, at, 1 + rng_below(&h->rng, 8), noise);
    }
}

static void chance_costs_what_is_told(void **state)
{
    (void)state;
    each_file(STORE_PLAIN, draw_parts);
    each_file(STORE_CHACHA, draw_parts);
}

static void cut_ends(struct harms *h, const struct rest_file *f)
{
    const uint64_t sizes[] = { 0, 1, f->size / 3, f->size / 2, f->size - 1 };
    const struct rest_harm gone = { f, NULL, 0 };
    for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) cut(h, f, sizes[i]);
    for (uint64_t at = SECTOR; at < f->size; at += SECTOR)
        if (at < 16 * SECTOR || at % (64 * SECTOR) == 0) cut(h, f, at);
    expect_honest(h, &gone, "it is gone");
}

static void a_cut_costs_what_is_told(void **state)
{
    (void)state;
    each_file(STORE_PLAIN, cut_ends);
    each_file(STORE_CHACHA, cut_ends);
}

/* A part of a block, or of what stands twice, is what it was before. */
static void age_parts(struct harms *h, const struct rest_file *f)
{
    for (uint32_t i = 0; i < h->early->count; i++) {
        const struct rest_file *old = &h->early->files[i];
        if (strcmp(old->name, f->name) != 0) continue;
        for (uint64_t at = 0; at < f->size && at + SECTOR <= old->size; at += SECTOR)
            harm_part(h, f, at, SECTOR, old->bytes + at);
    }
}

static void an_old_page_costs_what_is_told(void **state)
{
    (void)state;
    each_file(STORE_PLAIN, age_parts);
    each_file(STORE_CHACHA, age_parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros_cost_what_is_told),
        cmocka_unit_test(chance_costs_what_is_told),
        cmocka_unit_test(a_cut_costs_what_is_told),
        cmocka_unit_test(an_old_page_costs_what_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
