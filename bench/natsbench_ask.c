/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench_ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "natsbench_conn.h"
#include "natsbench_text.h"
#include "natsbench_util.h"

#define OUT_BYTES (1 << 18)
#define LOST_MS 60000
#define CLIENT_DIGITS 4
#define SLOT_DIGITS 6

struct slot {
    uint64_t index;             /* of the question in flight */
    uint64_t sent_ns;           /* 0: none is */
};

struct asker {
    struct reader reader;
    uint32_t id;
    struct slot *slots;
    uint32_t *free_slots;       /* a stack */
    uint32_t free_count;
};

struct asks {
    const struct options *options;
    struct ask_kind kind;
    struct asker *askers;
    char prefix[ASK_REPLY_BYTES];
    size_t prefix_len;
    int epoll;
    char *out;
    /* of the current run */
    uint64_t sent, answers, errors, count, until_ns;
    struct latencies *latencies;
    /* over all runs: the number of the next question */
    uint64_t next;
};

char *ask_digits(char *out, uint64_t number, uint32_t width)
{
    for (uint32_t i = width; i > 0; number /= 10) out[--i] = (char)('0' + number % 10);
    return out + width;
}

static void asker_open(struct asks *as, struct asker *a, uint32_t id)
{
    uint32_t window = as->options->window;
    a->id = id;
    a->slots = xalloc(window, sizeof *a->slots);
    a->free_slots = xalloc(window, sizeof *a->free_slots);
    for (uint32_t i = 0; i < window; i++) a->free_slots[a->free_count++] = window - 1 - i;
    reader_init(&a->reader, conn_open(as->options, 0));
    a->reader.takes_headers = true;
    conn_print(a->reader.conn, "SUB %s%0*u.* 1\r\n", as->prefix, CLIENT_DIGITS, id);
    conn_ping_pong(a->reader.conn);
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = a };
    if (epoll_ctl(as->epoll, EPOLL_CTL_ADD, conn_fd(a->reader.conn), &event) != 0) die("epoll_ctl");
}

struct asks *asks_open(const struct options *o, const struct ask_kind *kind)
{
    if (kind->bytes_max > OUT_BYTES / 2) die("a question is too long");
    struct asks *as = xalloc(1, sizeof *as);
    *as = (struct asks){ .options = o, .kind = *kind, .epoll = epoll_create1(EPOLL_CLOEXEC) };
    as->prefix_len = text_print(as->prefix, sizeof as->prefix, "_INBOX.%d-%u.", (int)getpid(),
                                kind->id);
    as->out = xalloc(1, OUT_BYTES);
    as->askers = xalloc(o->pubs, sizeof *as->askers);
    for (uint32_t i = 0; i < o->pubs; i++) asker_open(as, &as->askers[i], i);
    return as;
}

struct asks *asks_close(struct asks *as)
{
    for (uint32_t i = 0; i < as->options->pubs; i++) {
        struct asker *a = &as->askers[i];
        (void)conn_close(a->reader.conn);
        free(a->reader.buffer);
        free(a->slots);
        free(a->free_slots);
    }
    (void)close(as->epoll);
    free(as->askers);
    free(as->out);
    free(as);
    return NULL;
}

/* _INBOX.PID-ID.CCCC.SSSSSS */
static void reply_write(const struct asks *as, char *reply, uint32_t id, uint32_t slot)
{
    memcpy(reply, as->prefix, as->prefix_len);
    char *at = ask_digits(reply + as->prefix_len, id, CLIENT_DIGITS);
    *at++ = '.';
    at = ask_digits(at, slot, SLOT_DIGITS);
    *at = '\0';
}

/* Fills what is free of the asker's window, as far as the run's limits allow. */
static void ask(struct asks *as, struct asker *a)
{
    char reply[ASK_REPLY_BYTES];
    uint64_t now = now_ns();
    size_t fill = 0;
    if (now >= as->until_ns) as->count = as->sent;
    while (a->free_count > 0 && as->sent < as->count) {
        uint32_t slot = a->free_slots[--a->free_count];
        a->slots[slot] = (struct slot){ .index = as->next++, .sent_ns = now };
        as->sent++;
        reply_write(as, reply, a->id, slot);
        fill += as->kind.compose(as->kind.ctx, as->out + fill, a->slots[slot].index, reply);
        if (fill <= OUT_BYTES / 2) continue;
        conn_send(a->reader.conn, as->out, fill);
        fill = 0;
        now = now_ns();
    }
    if (fill > 0) conn_send(a->reader.conn, as->out, fill);
}

static struct slot *slot_of(struct asks *as, struct asker *a, const struct message *m)
{
    const char *digits = m->subject + as->prefix_len + CLIENT_DIGITS + 1;
    uint64_t slot = text_number(digits);
    if (slot >= as->options->window || a->slots[slot].sent_ns == 0)
        die("an answer that nobody waits for: %.60s", m->subject);
    a->free_slots[a->free_count++] = (uint32_t)slot;
    return &a->slots[slot];
}

static void take(struct asks *as, struct asker *a, const struct message *m, uint64_t now)
{
    struct slot *slot = slot_of(as, a, m);
    bool is_good = as->kind.answer(as->kind.ctx, slot->index, m);
    if (is_good) as->answers++;
    else as->errors++;
    if (is_good && as->latencies != NULL) latencies_add(as->latencies, now - slot->sent_ns);
    slot->sent_ns = 0;
}

static void on_readable(struct asks *as, struct asker *a)
{
    do {
        errno = 0;
        if (!reader_fill(&a->reader, READER_NOW)) die("an asker was closed");
        uint64_t now = now_ns();
        for (struct message m; reader_next(&a->reader, &m);) take(as, a, &m, now);
    } while (conn_has_pending(a->reader.conn));
    ask(as, a);
}

static void turn(struct asks *as)
{
    struct epoll_event events[64];
    int count = epoll_wait(as->epoll, events, 64, LOST_MS);
    errno = 0;
    if (count == 0)
        die("lost answers: %llu and %llu errors of %llu came", (unsigned long long)as->answers,
            (unsigned long long)as->errors, (unsigned long long)as->sent);
    for (int i = 0; i < count; i++) on_readable(as, events[i].data.ptr);
}

struct asks_result asks_run(struct asks *as, uint64_t count, uint64_t until_ns,
                            struct latencies *ret_latencies)
{
    as->sent = as->answers = as->errors = 0;
    as->count = count;
    as->until_ns = until_ns;
    as->latencies = ret_latencies;
    uint64_t start = now_ns();
    for (uint32_t i = 0; i < as->options->pubs; i++) ask(as, &as->askers[i]);
    while (as->answers + as->errors < as->sent) turn(as);
    return (struct asks_result){
        .answers = as->answers,
        .errors = as->errors,
        .elapsed_ns = now_ns() - start,
    };
}

struct asks_result asks_run_as_asked(struct asks *as, struct latencies *ret_latencies)
{
    const struct options *o = as->options;
    if (o->seconds <= 0) return asks_run(as, o->msgs, UINT64_MAX, ret_latencies);
    return asks_run(as, UINT64_MAX, now_ns() + (uint64_t)(o->seconds * 1e9), ret_latencies);
}
