/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the body of a pull request: it is read or refused with a status line, it is judged under
 * every policy, and what passes can wait in a queue and be served. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "stream/pull_queue.h"

static bool has_interest(struct pull_host *h, const struct pull_waiting *w)
{
    assert(h != NULL);
    return w->reply.len > 0;
}

static void answer(struct pull_host *h, const struct pull_waiting *w, const struct pull_answer *a)
{
    struct buf out = { 0 };
    assert(h != NULL && w != NULL);
    pull_answer_write(a, &out);
    assert(out.len > 0);
    buf_deinit(&out);
}

static void gone(struct pull_host *h, const struct pull_waiting *w)
{
    assert(h != NULL && w != NULL);
}

static void new_pin(struct pull_host *h, char ret_pin[PULL_PIN_LEN])
{
    assert(h != NULL);
    memset(ret_pin, 'x', PULL_PIN_LEN);
}

static void pin_changed(struct pull_host *h, const char *reason)
{
    assert(h != NULL);
    maybe(reason != NULL);
}

static void wait_and_be_served(const struct pull_request *r, enum pull_policy policy)
{
    struct pull_host host = { has_interest, answer, gone, new_pin, pin_changed };
    const struct pull_queue_config config = { 2, policy, SECOND };
    struct pull_queue *q = pull_queue_new(&config, &host);
    const struct pull_arrival a = {
        .request = r, .reply = SLICE_LIT("_INBOX.1"), .now = HOUR, .pending = 3
    };
    struct pull_answer refusal;
    for (int i = 0; i < 3; i++) (void)pull_queue_add(q, &a, &refusal);
    for (int i = 0; i < 5; i++) {
        const struct pull_offer o = { 100, 3, (uint64_t)i, HOUR };
        const struct pull_waiting *w = pull_queue_serve(q, &o);
        if (w != NULL) (void)pull_waiting_completed(w, &refusal);
        const struct pull_moment m = { HOUR + i * MINUTE, i % 2 == 1, 1, 2 };
        (void)pull_queue_tick(q, &m);
        pull_queue_check(q);
    }
    (void)pull_queue_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    const struct slice groups[] = { SLICE_LIT("g") };
    AUTO_FREE(arena) arena = arena_new();
    struct pull_request r;
    struct pull_answer refusal;
    struct pull_host host = { has_interest, answer, gone, new_pin, pin_changed };
    if (!pull_request_read(slice_of(data, size), arena, &r, &refusal)) {
        answer(&host, &(struct pull_waiting){ 0 }, &refusal);
        return 0;
    }
    for (int policy = PULL_ANYONE; policy <= PULL_PRIORITIZED; policy++) {
        const struct pull_caps caps = { .policy = (enum pull_policy)policy,
                                        .groups = groups,
                                        .groups_count = 1 };
        if (pull_request_judge(&r, &caps, &refusal))
            wait_and_be_served(&r, (enum pull_policy)policy);
        else answer(&host, &(struct pull_waiting){ 0 }, &refusal);
    }
    return 0;
}
