/* SPDX-License-Identifier: Apache-2.0 */
/* midge-sim: the whole server in one thread on a simulated network and clock.
 *
 *   midge-sim N [FIRST]           N seeds from FIRST (1), after those that sim/seeds/ keeps
 *   midge-sim --seed S [--trace]  one seed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/run.h"

/* Every so many seeds one runs twice: both runs must hash alike. */
enum { TWICE_EVERY = 8, PROGRESS_EVERY = 25 };

struct tally {
    uint64_t passed, failed, published, delivered, connections;
};

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

static void run_one(uint64_t seed, bool trace, bool twice, struct tally *t)
{
    struct sim_run_options options = { .trace = trace };
    struct sim_result r, again;
    if (trace) print_plan(seed);
    sim_run_seed(seed, &options, &r);
    if (twice && r.failure[0] == 0) {
        sim_run_seed(seed, &options, &again);
        if (again.hash != r.hash)
            snprintf(r.failure, sizeof r.failure, "two runs differ: %016llx and %016llx",
                     (unsigned long long)r.hash, (unsigned long long)again.hash);
    }
    t->published += r.published;
    t->delivered += r.delivered;
    t->connections += r.connections;
    if (r.failure[0] == 0) {
        t->passed++;
        return;
    }
    t->failed++;
    printf("seed %llu, step %u: %s\n    midge-sim --seed %llu --trace\n", (unsigned long long)seed,
           r.step, r.failure, (unsigned long long)seed);
    fflush(stdout);
}

static uint64_t number(const char *text)
{
    uint64_t value;
    if (slice_to_u64(slice_str(text), &value)) return value;
    fprintf(stderr, "midge-sim: not a number: %s\n", text);
    exit(2);
}

/* A line for each seed that once found a bug: "SEED explanation". */
static void run_kept(struct tally *t)
{
    char line[512];
    FILE *f = fopen("sim/seeds/seeds", "r");
    if (f == NULL) {
        fprintf(stderr, "midge-sim: sim/seeds/seeds is not here; its seeds do not run\n");
        return;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        struct slice rest = slice_trim(slice_str(line)), number;
        uint64_t seed;
        (void)slice_cut(&rest, ' ', &number);
        if (slice_to_u64(number, &seed)) run_one(seed, false, false, t);
    }
    fclose(f);
}

static void run_many(uint64_t count, uint64_t first, struct tally *t)
{
    run_kept(t);
    for (uint64_t i = 0; i < count; i++) {
        run_one(first + i, false, i % TWICE_EVERY == 0, t);
        uint64_t done = i + 1;
        if (done % PROGRESS_EVERY != 0) continue;
        printf("%llu of %llu seeds: %llu connections, %llu messages, %llu deliveries\n",
               (unsigned long long)done, (unsigned long long)count,
               (unsigned long long)t->connections, (unsigned long long)t->published,
               (unsigned long long)t->delivered);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    struct tally t = { 0 };
    bool one = argc >= 3 && strcmp(argv[1], "--seed") == 0;
    if (argc < 2 || (!one && argc > 3)) {
        fprintf(stderr, "usage: midge-sim SEEDS [FIRST] | midge-sim --seed SEED [--trace]\n");
        return 2;
    }
    if (one) run_one(number(argv[2]), argc > 3 && strcmp(argv[3], "--trace") == 0, true, &t);
    else run_many(number(argv[1]), argc > 2 ? number(argv[2]) : 1, &t);
    printf("%llu passed, %llu failed\n", (unsigned long long)t.passed,
           (unsigned long long)t.failed);
    return t.failed > 0 ? 1 : 0;
}
