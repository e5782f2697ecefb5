/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/facts.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "config/path.h"

static const char REDACTED[] = "[REDACTED]";

/* Flags whose value is a secret, with one dash or two. */
static bool names_a_secret(struct slice flag)
{
    static const char *const flags[] = { "pass", "auth", "user" };
    while (flag.len > 0 && flag.ptr[0] == '-') flag = slice_from(flag, 1);
    for (uint32_t i = 0; i < ARRAY_COUNT(flags); i++)
        if (slice_equal_str(flag, flags[i])) return true;
    return false;
}

static int64_t find(struct slice s, const char *what)
{
    struct slice w = slice_str(what);
    for (uint32_t i = 0; i + w.len <= s.len; i++)
        if (slice_starts(slice_from(s, i), w)) return i;
    return -1;
}

/* "nats://user:pass@host" becomes "nats://[REDACTED]@host", wherever in the argument; a '/' does
 * not end the search, since a password may have one. */
static void redact_urls(struct slice s, struct buf *out)
{
    for (int64_t at; (at = find(s, "://")) >= 0;) {
        buf_add(out, slice_first(s, (uint32_t)at + 3));
        s = slice_from(s, (uint32_t)at + 3);
        uint32_t end = 0, after_user = 0;
        while (end < s.len && s.ptr[end] != ',' && s.ptr[end] != ' ') end++;
        for (uint32_t i = 0; i < end; i++)
            if (s.ptr[i] == '@') after_user = i;
        if (after_user > 0) buf_add_str(out, REDACTED);
        s = slice_from(s, after_user);
    }
    buf_add(out, s);
}

static const char *redact(const char *argument, bool is_secret, struct arena *arena)
{
    struct slice value = slice_str(argument), flag;
    if (is_secret) return REDACTED;
    if (value.len > 0 && value.ptr[0] == '-' && slice_cut(&value, '=', &flag) &&
        names_a_secret(flag))
        return arena_printf(arena, "%.*s=%s", SLICE_ARGS(flag), REDACTED);
    struct buf text = { 0 };
    redact_urls(slice_str(argument), &text);
    const char *copy = arena_str(arena, buf_slice(&text));
    buf_deinit(&text);
    return copy;
}

const char **redact_arguments(const char *const *arguments, uint32_t count, struct arena *arena)
{
    const char **copies = arena_alloc(arena, (count + 1) * sizeof *copies);
    bool is_secret = false;
    for (uint32_t i = 0; i < count; i++) {
        copies[i] = redact(arguments[i], is_secret, arena);
        is_secret = arguments[i][0] == '-' && names_a_secret(slice_str(arguments[i]));
    }
    return copies;
}

static const char **copy_texts(const char *const *from, uint32_t count, struct arena *arena)
{
    const char **copies = arena_alloc(arena, (count + 1) * sizeof *copies);
    for (uint32_t i = 0; i < count; i++) copies[i] = arena_str(arena, slice_str(from[i]));
    return copies;
}

/* One slash before each part, none at the end; "" for the root. */
static const char *base_path_of(const char *given, struct arena *arena)
{
    const char *path = path_join(arena, "", given);
    assert(path[0] == '/');
    return path[1] == '\0' ? "" : path;
}

struct facts *facts_new(const struct monitor_options *from, nanos started)
{
    struct facts *f = xcalloc(1, sizeof *f);
    atomic_init(&f->refs, 1);
    f->arena = arena_new();
    f->settings = settings_ref(from->settings);
    f->options = from->settings->options;
    const char *base = f->options->monitoring.http_base_path;
    f->midge_version = arena_str(f->arena, slice_str(from->midge_version));
    f->unserved = copy_texts(from->unserved, from->unserved_count, f->arena);
    f->unserved_count = from->unserved_count;
    f->jetstream = from->jetstream;
    f->config_loaded = from->config_loaded > 0 ? from->config_loaded : started;
    f->cert_not_after = from->cert_not_after;
    f->websocket_cert_not_after = from->websocket_cert_not_after;
    f->arguments = redact_arguments(from->arguments, from->arguments_count, f->arena);
    f->arguments_count = from->arguments_count;
    f->base_path = base_path_of(base == NULL ? "" : base, f->arena);
    return f;
}

struct facts *facts_ref(struct facts *f)
{
    uint32_t before = atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    assert(before > 0);
    return f;
}

struct facts *facts_unref(struct facts *f)
{
    if (f == NULL) return NULL;
    uint32_t before = atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1) return NULL;
    settings_unref(f->settings);
    arena_free(f->arena);
    return xfree(f);
}
