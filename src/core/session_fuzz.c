/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends to a whole core: however the bytes are cut, he and a listener in his
 * account hear the same, and his connection has the same end. The listener hears no denied subject,
 * and nothing is left behind.
 *
 * The first byte of the input chooses the options, the second where the bytes are cut. */
#include <stddef.h>
#include <stdint.h>

#include "core/closed.h"
#include "core/core_fake.h"

enum { CHOICES = 2, INPUT_MAX = 4096 };

enum choice { WITH_PASSWORD = 1, SMALL_LIMITS = 2, WITH_PERMISSIONS = 4, TRACED = 8 };

/* A frame whose length is known is looked at when it is whole: what is wrong with its last byte may
 * come to light a byte earlier or later, and these follow in any case. */
static const char last_words[] = "\r\nPING\r\n";

static const char login[] = "CONNECT {\"verbose\":false,\"user\":\"l\",\"pass\":\"l\"}\r\n";

static struct user_options *add_user(struct options *o, const char *name)
{
    struct user_list *list = &o->authorization.users;
    list->present = o->authorization.present = true;
    struct user_options *u = arena_push(o->arena, (void **)&list->items, &list->count, sizeof *u);
    u->name = u->pass = name;
    return u;
}

static struct options *options_of(uint8_t choice, const struct permissions *permissions)
{
    struct options *o = options_new();
    static const char *const names[] = { "a", "l" };
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct user_options *user = add_user(o, names[i]);
        if (choice & WITH_PERMISSIONS) user->permissions = permissions;
    }
    if (!(choice & WITH_PASSWORD)) o->no_auth_user = "a";
    if (choice & SMALL_LIMITS) {
        o->limits.max_control_line = 64;
        o->limits.max_payload = 16;
        o->limits.max_subscriptions = 3;
    }
    options_finish(o);
    return o;
}

struct story {
    struct buf said;  /* to the client */
    struct buf heard; /* by the listener */
    bool ended;
    uint64_t closed;
};

/* A turn is a thousand ticks at most. */
static void put(struct world *w, uint32_t client, struct slice bytes)
{
    struct fake_sock *sock = &w->fake->socks[client];
    if (sock->closed) return;
    buf_add(&sock->in, bytes);
    for (int turn = 0; turn < 8 && !sock->closed; turn++) world_run(w);
    assert(sock->closed || sock->in.len == 0);
}

static struct story play(struct slice bytes, uint8_t choice, uint32_t cut, uint32_t read_max)
{
    struct subject_rule no_publish[] = { { "secret.>", NULL }, { "*.hush", NULL } };
    struct subject_rule no_subscribe[] = { { "secret.*", NULL }, { ">", "mine" } };
    const struct permissions permissions = {
        .publish = { .deny = no_publish, .deny_count = ARRAY_COUNT(no_publish) },
        .subscribe = { .deny = no_subscribe, .deny_count = ARRAY_COUNT(no_subscribe) },
    };
    struct world *w = world_new(1, options_of(choice, &permissions));
    uint32_t listener = world_accept(w, 0);
    (void)world_say(w, listener, login);
    (void)world_say(w, listener, "SUB > 1\r\nSUB a.* q 2\r\n");
    atomic_store(&w->log.trace, (choice & TRACED) != 0);
    uint32_t client = world_accept(w, 0);
    struct fake_sock *sock = &w->fake->socks[client];
    sock->read_max = read_max;
    put(w, client, slice_first(bytes, cut));
    put(w, client, slice_from(bytes, cut));
    put(w, client, slice_str(last_words));
    struct story told = { .ended = sock->closed, .closed = closed_ring_total(w->core->closed) };
    buf_add(&told.said, buf_slice(&sock->out));
    buf_add(&told.heard, buf_slice(&w->fake->socks[listener].out));
    world_free(w);
    return told;
}

/* The last word of a line. */
static struct slice last_word(struct slice line)
{
    uint32_t at = line.len;
    while (at > 0 && line.ptr[at - 1] != ' ') at--;
    return slice_from(line, at);
}

/* Nothing that the listener got is of a subject which nobody may publish to. */
static void assert_allowed(struct slice heard)
{
    while (heard.len > 0) {
        int64_t end = slice_find_byte(heard, '\n');
        assert(end > 0 && heard.ptr[end - 1] == '\r');
        struct slice line = slice_first(heard, (uint32_t)end - 1), rest = line, verb, subject;
        uint64_t size = 0;
        heard = slice_from(heard, (uint32_t)end + 1);
        if (!slice_cut(&rest, ' ', &verb) || !slice_equal_str(verb, "MSG")) {
            if (!slice_equal_str(verb, "HMSG")) continue;
        }
        bool whole = slice_cut(&rest, ' ', &subject) && slice_to_u64(last_word(line), &size);
        assert(whole && size + 2 <= heard.len);
        assert(!slice_equal_str(slice_first(subject, 7), "secret."));
        heard = slice_from(heard, (uint32_t)size + 2);
    }
}

static bool equal(const struct buf *a, const struct buf *b)
{
    return slice_equal(buf_slice(a), buf_slice(b));
}

static void story_deinit(struct story *s)
{
    buf_deinit(&s->said);
    buf_deinit(&s->heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < CHOICES || size > INPUT_MAX) return 0;
    struct slice bytes = slice_of(data + CHOICES, size - CHOICES);
    uint32_t cut = data[1] < bytes.len ? data[1] : bytes.len;
    struct story whole = play(bytes, data[0], bytes.len, 0);
    struct story parts = play(bytes, data[0], cut, 1 + (data[0] >> 4));
    assert(equal(&whole.said, &parts.said));
    assert(equal(&whole.heard, &parts.heard));
    if (data[0] & WITH_PERMISSIONS) assert_allowed(buf_slice(&whole.heard));
    assert(whole.ended == parts.ended && whole.closed == parts.closed);
    story_deinit(&whole);
    story_deinit(&parts);
    return 0;
}
