/* SPDX-License-Identifier: Apache-2.0 */
/* Random allow and deny lists against a model that enumerates every subject of a small world (row
 * X11 of the fault table: allow and deny with wildcards, queues and overlaps).
 *
 * The model has one letter per token and its own matching on such words: "a*" is `a.*`. It knows
 * concrete subjects only: a pattern covers another when it matches each concrete subject that the
 * other does. No rule names the token c, so c stands for everything else. */
#include "auth/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "auth/permissions.h"
#include "base/rng.h"
#include "config/options_auth.h"

enum { DEPTH = 3, WORD = 8, ENTRIES_MAX = 4, CASES = 20000, WORLD_MAX = 3 + 9 + 27 + 81 };

struct word {
    char letters[WORD];
};

struct entry {
    struct word subject;
    struct word queue;                  /* "" : none */
};

struct list {
    struct entry entries[ENTRIES_MAX];
    uint32_t     count;
};

struct world {
    /* all words of a, b, c up to one letter more than patterns */
    struct word subjects[WORLD_MAX];
    uint32_t    count;
};

/* --- the model --- */

static bool word_matches(const char *pattern, const char *subject)
{
    if (*pattern == '>') return *subject != 0;
    if (*pattern == 0 || *subject == 0) return *pattern == *subject;
    if (*pattern != '*' && *pattern != *subject) return false;
    return word_matches(pattern + 1, subject + 1);
}

static bool word_covers(const struct world *world, const char *outer, const char *inner)
{
    for (uint32_t i = 0; i < world->count; i++) {
        const char *subject = world->subjects[i].letters;
        if (word_matches(inner, subject) && !word_matches(outer, subject)) return false;
    }
    return true;
}

static bool queue_matches(const struct entry *e, const char *queue)
{
    return word_matches(e->queue.letters, queue);
}

/* Does the allow list let this in? `covers` NULL: a concrete subject; else a pattern. */
static bool model_allows(const struct list *list, const struct world *covers, const char *subject,
                         const char *queue)
{
    bool plain = false, queues = false, fits = false;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct entry *e = &list->entries[i];
        const char *rule = e->subject.letters;
        bool in = covers != NULL ? word_covers(covers, rule, subject) : word_matches(rule, subject);
        if (!in) continue;
        if (e->queue.letters[0] == 0) plain = true;
        else if (*queue != 0) queues = true, fits = fits || queue_matches(e, queue);
    }
    return list->count == 0 || (queues ? fits : plain);
}

static bool model_denies(const struct list *list, const char *subject, const char *queue)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct entry *e = &list->entries[i];
        if (!word_matches(e->subject.letters, subject)) continue;
        if (e->queue.letters[0] == 0) return true;
        if (*queue != 0 && queue_matches(e, queue)) return true;
    }
    return false;
}

static void world_fill(struct world *world, struct word prefix, uint32_t depth)
{
    for (const char *letter = "abc"; *letter != 0; letter++) {
        struct word word = prefix;
        word.letters[strlen(prefix.letters)] = *letter;
        world->subjects[world->count++] = word;
        if (depth > 1) world_fill(world, word, depth - 1);
    }
}

/* --- random cases --- */

static struct word random_word(struct rng *rng, const char *letters, uint32_t wildcards)
{
    struct word word = { "" };
    uint32_t len = 1 + rng_below(rng, DEPTH);
    for (uint32_t i = 0; i < len; i++) {
        word.letters[i] = letters[rng_below(rng, (uint32_t)strlen(letters))];
        if (rng_chance(rng, wildcards, 100)) word.letters[i] = '*';
    }
    if (rng_chance(rng, wildcards / 2, 100)) word.letters[len - 1] = '>';
    return word;
}

static struct list random_list(struct rng *rng, bool queues)
{
    struct list list = { .count = rng_below(rng, ENTRIES_MAX + 1) };
    for (uint32_t i = 0; i < list.count; i++) {
        list.entries[i].subject = random_word(rng, "ab", 40);
        if (queues && rng_chance(rng, 1, 3)) list.entries[i].queue = random_word(rng, "qr", 40);
    }
    return list;
}

struct dotted {
    char text[2 * WORD];
};

static struct dotted dotted(const struct word *word)
{
    struct dotted d = { "" };
    for (uint32_t i = 0; word->letters[i] != 0; i++) {
        if (i > 0) d.text[2 * i - 1] = '.';
        d.text[2 * i] = word->letters[i];
    }
    return d;
}

struct texts {
    struct dotted       texts[2 * ENTRIES_MAX];
    struct subject_rule rules[ENTRIES_MAX];
};

static struct subject_rule *rules_of(const struct list *list, struct texts *room)
{
    for (uint32_t i = 0; i < list->count; i++) {
        const struct entry *e = &list->entries[i];
        room->texts[2 * i] = dotted(&e->subject);
        room->texts[2 * i + 1] = dotted(&e->queue);
        room->rules[i].subject = room->texts[2 * i].text;
        room->rules[i].queue = e->queue.letters[0] == 0 ? NULL : room->texts[2 * i + 1].text;
    }
    return room->rules;
}

struct random_case {
    struct list            allow;
    struct list            deny;
    struct permission_set *set;
};

static struct subject_rules subject_rules_of(const struct random_case *c, struct texts room[2])
{
    return (struct subject_rules){ .allow = rules_of(&c->allow, &room[0]),
                                   .allow_count = c->allow.count,
                                   .deny = rules_of(&c->deny, &room[1]),
                                   .deny_count = c->deny.count };
}

static struct random_case random_case(struct rng *rng, bool subscribe)
{
    struct random_case c = { .allow = random_list(rng, subscribe),
                             .deny = random_list(rng, subscribe) };
    struct texts room[2] = { 0 };
    struct permissions config = { 0 };
    struct subject_rules rules = subject_rules_of(&c, room);
    if (subscribe) config.subscribe = rules;
    else config.publish = rules;
    c.set = permission_set_new(&config, rng_next(rng));
    return c;
}

/* --- the tests --- */

static void every_publish_is_decided_as_the_model_does(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    for (uint32_t i = 0; i < CASES; i++) {
        struct random_case c = random_case(&rng, false);
        for (uint32_t k = 0; k < 4; k++) {
            struct word word = random_word(&rng, "abc", 5);
            struct dotted subject = dotted(&word);
            bool expected = model_allows(&c.allow, NULL, word.letters, "") &&
                            !model_denies(&c.deny, word.letters, "");
            enum permission got = permission_publish(c.set, slice_str(subject.text));
            assert_int_equal(got, expected ? PERMISSION_ALLOWED : PERMISSION_DENIED);
        }
        permission_set_free(c.set);
    }
}

/* Each concrete subject of the world that the subscription matches. */
static void expect_deliveries(const struct random_case *c, const struct world *world,
                              const struct word *pattern, const struct word *queue,
                              enum permission verdict)
{
    struct dotted queue_text = dotted(queue);
    bool differs = false;
    for (uint32_t i = 0; i < world->count; i++) {
        const struct word *subject = &world->subjects[i];
        if (!word_matches(pattern->letters, subject->letters)) continue;
        bool wanted = model_allows(&c->allow, NULL, subject->letters, queue->letters) &&
                      !model_denies(&c->deny, subject->letters, queue->letters);
        struct dotted text = dotted(subject);
        bool passes = permission_delivery(c->set, slice_str(text.text), slice_str(queue_text.text));
        assert_int_equal(passes, wanted);
        differs = differs || !wanted;
    }
    if (differs) assert_int_equal(verdict, PERMISSION_ALLOWED_FILTERED);
}

static bool has_wildcard(const struct word *word)
{
    return strpbrk(word->letters, "*>") != NULL;
}

static void no_subscription_gets_what_the_model_denies_or_misses_what_it_allows(void **state)
{
    (void)state;
    struct world world = { .count = 0 };
    world_fill(&world, (struct word){ "" }, DEPTH + 1);
    assert_int_equal(world.count, WORLD_MAX);
    struct rng rng;
    rng_init(&rng, 12);
    uint32_t seen[3] = { 0 };
    for (uint32_t i = 0; i < CASES; i++) {
        struct random_case c = random_case(&rng, true);
        struct word pattern = random_word(&rng, "abc", 40), queue = { "" };
        if (rng_chance(&rng, 1, 2)) queue = random_word(&rng, "qrs", 0);
        struct dotted subject = dotted(&pattern), group = dotted(&queue);
        enum permission got = permission_subscribe(c.set, slice_str(subject.text),
                                                   slice_str(group.text));
        bool expected = model_allows(&c.allow, &world, pattern.letters, queue.letters) &&
                        !model_denies(&c.deny, pattern.letters, queue.letters);
        assert_int_equal(got != PERMISSION_DENIED, expected);
        if (!has_wildcard(&pattern)) assert_int_not_equal(got, PERMISSION_ALLOWED_FILTERED);
        if (expected) expect_deliveries(&c, &world, &pattern, &queue, got);
        seen[got]++;
        permission_set_free(c.set);
    }
    for (uint32_t i = 0; i < ARRAY_COUNT(seen); i++) assert_in_range(seen[i], CASES / 20, CASES);
}

static void a_list_without_entries_is_empty(void **state)
{
    (void)state;
    AUTO_FREE(arena) arena = arena_new();
    struct subject_rule one = { "a.*", "q" };
    assert_true(rules_empty(rules_new(arena, NULL, 0, 1)));
    struct rules *rules = rules_new(arena, &one, 1, 1);
    assert_false(rules_empty(rules));
    assert_false(rules_match(rules, SLICE_LIT("a.b")));
    assert_false(rules_overlap(rules, SLICE_LIT(">")));
    assert_true(rules_queues(rules, RULES_OVERLAP, SLICE_LIT(">"), SLICE_LIT("q")).fits);
    assert_true(rules_queues(rules, RULES_OVERLAP, SLICE_LIT(">"), SLICE_LIT("r")).misfits);
    assert_false(rules_queues(rules, RULES_COVER, SLICE_LIT(">"), SLICE_LIT("q")).any);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_publish_is_decided_as_the_model_does),
        cmocka_unit_test(no_subscription_gets_what_the_model_denies_or_misses_what_it_allows),
        cmocka_unit_test(a_list_without_entries_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
