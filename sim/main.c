/* SPDX-License-Identifier: Apache-2.0 */
/* midge-sim: the whole server in one thread on a simulated network and clock.
 *
 *   midge-sim N [FIRST]              N seeds from FIRST (1), after those that sim/seeds/ keeps
 *   midge-sim --core|--js N [FIRST]  … all of one kind
 *   midge-sim --seed S [--trace]     one seed; --core or --js says which kind, else the seed
 *
 * Without a word a seed runs clients on core NATS or JetStream, as it decides itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/js_run.h"

/* Every so many seeds one runs twice: both runs must hash alike. */
enum { TWICE_EVERY = 8, PROGRESS_EVERY = 25 };

struct tally {
    uint64_t passed, failed, published, delivered, connections, rotten, damaged;
};

enum kind { BY_SEED, CORE, STREAMS };

static bool is_with_streams(uint64_t seed, enum kind kind)
{
    return kind == STREAMS || (kind == BY_SEED && js_plan_is_for(seed));
}

static void print_streams_plan(uint64_t seed)
{
    static const char *const ends[] = { "in order", "killed", "power lost" };
    struct js_plan p;
    js_plan_draw(&p, seed);
    fprintf(stderr, "plan: %u reactors, %u publishers, %u servers, window %u\n", p.base.reactors,
            p.publishers, p.servers, p.window);
    for (uint32_t i = 0; i < p.rounds_count; i++)
        fprintf(stderr, "plan: %u steps, %s after %u, then %s, and %s turns\n", p.rounds[i].steps,
                js_fault_text(p.rounds[i].fault), p.rounds[i].fault_after, ends[p.rounds[i].end],
                sim_rot_text(p.rounds[i].rot));
}

static void print_plan(uint64_t seed)
{
    struct sim_plan p;
    sim_plan_draw(&p, seed);
    fprintf(stderr, "plan: %u reactors, %u clients, %u steps, payload %u, buffer %u, ", p.reactors,
            p.clients, p.steps, p.payload_max, p.net.buffer);
    fprintf(stderr, "users %u in %u accounts, max_pending %lld\n", p.config.users_count,
            p.config.accounts, (long long)p.config.max_pending);
    for (uint32_t i = 0; i < p.config.users_count; i++) {
        const struct sim_user *u = &p.config.users[i];
        fprintf(stderr, "plan: %s in account %u%s, permissions %s\n", u->name, u->account,
                u->is_bcrypt ? " (bcrypt)" : "", sim_permissions_text(u->permissions));
    }
}

static void run_kind(uint64_t seed, bool is_js, bool trace, struct sim_result *ret)
{
    const struct sim_run_options options = { .trace = trace };
    if (is_js) js_run_seed(seed, trace, ret);
    else sim_run_seed(seed, &options, ret);
}

struct wish {
    enum kind kind;
    bool trace, twice;
};

static void run_one(uint64_t seed, struct wish wish, struct tally *t)
{
    struct sim_result r, again;
    bool is_js = is_with_streams(seed, wish.kind);
    if (wish.trace && is_js) print_streams_plan(seed);
    else if (wish.trace) print_plan(seed);
    run_kind(seed, is_js, wish.trace, &r);
    if (wish.twice && r.failure[0] == 0) {
        run_kind(seed, is_js, wish.trace, &again);
        if (again.hash != r.hash)
            snprintf(r.failure, sizeof r.failure, "two runs differ: %016llx and %016llx",
                     (unsigned long long)r.hash, (unsigned long long)again.hash);
    }
    t->published += r.published;
    t->delivered += r.delivered;
    t->connections += r.connections;
    t->rotten += r.rotten;
    t->damaged += r.damaged;
    if (r.failure[0] == 0) {
        t->passed++;
        return;
    }
    t->failed++;
    printf("seed %llu, step %u: %s\n    midge-sim --%s --seed %llu --trace\n",
           (unsigned long long)seed, r.step, r.failure, is_js ? "js" : "core",
           (unsigned long long)seed);
    fflush(stdout);
}

static uint64_t number(const char *text)
{
    uint64_t value;
    if (slice_to_u64(slice_str(text), &value)) return value;
    fprintf(stderr, "midge-sim: not a number: %s\n", text);
    exit(2);
}

/* A line for each seed that once found a bug: "SEED explanation", of the kind core, or "js SEED
 * explanation". */
static void run_kept(struct wish wish, struct tally *t)
{
    char line[512];
    FILE *f = fopen("sim/seeds/seeds", "r");
    if (f == NULL) {
        fprintf(stderr, "midge-sim: sim/seeds/seeds is not here; its seeds do not run\n");
        return;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        struct slice rest = slice_trim(slice_str(line)), word;
        uint64_t seed;
        (void)slice_cut(&rest, ' ', &word);
        bool is_js = slice_equal_str(word, "js");
        if (is_js) (void)slice_cut(&rest, ' ', &word);
        if (wish.kind == (is_js ? CORE : STREAMS) || !slice_to_u64(word, &seed)) continue;
        run_one(seed, (struct wish){ .kind = is_js ? STREAMS : CORE }, t);
    }
    fclose(f);
}

static void run_many(uint64_t count, uint64_t first, struct wish wish, struct tally *t)
{
    run_kept(wish, t);
    for (uint64_t i = 0; i < count; i++) {
        wish.twice = i % TWICE_EVERY == 0;
        run_one(first + i, wish, t);
        uint64_t done = i + 1;
        if (done % PROGRESS_EVERY != 0) continue;
        printf("%llu of %llu seeds: %llu connections or restarts, %llu messages, %llu deliveries, "
               "%llu bits flipped, %llu messages reported as damaged\n",
               (unsigned long long)done, (unsigned long long)count,
               (unsigned long long)t->connections, (unsigned long long)t->published,
               (unsigned long long)t->delivered, (unsigned long long)t->rotten,
               (unsigned long long)t->damaged);
        fflush(stdout);
    }
}

/* Takes a flag off the front of the arguments. */
static bool take(int *argc, char ***argv, const char *flag)
{
    if (*argc < 2 || strcmp((*argv)[1], flag) != 0) return false;
    (*argc)--;
    (*argv)++;
    return true;
}

int main(int argc, char **argv)
{
    struct tally t = { 0 };
    struct wish wish = { .kind = BY_SEED };
    if (take(&argc, &argv, "--core")) wish.kind = CORE;
    else if (take(&argc, &argv, "--js")) wish.kind = STREAMS;
    bool one = take(&argc, &argv, "--seed");
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: midge-sim [--core|--js] SEEDS [FIRST] | "
                        "midge-sim [--core|--js] --seed SEED [--trace]\n");
        return 2;
    }
    wish.trace = one && argc > 2 && strcmp(argv[2], "--trace") == 0;
    wish.twice = one && !wish.trace;
    if (one) run_one(number(argv[1]), wish, &t);
    else run_many(number(argv[1]), argc > 2 ? number(argv[2]) : 1, wish, &t);
    printf("%llu passed, %llu failed\n", (unsigned long long)t.passed,
           (unsigned long long)t.failed);
    return t.failed > 0 ? 1 : 0;
}
