/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics_js.h"

#include "base/assert.h"

static const char GAUGE[] = "gauge";

/* What a series is about: labels in groups, each group behind the one before. */
enum { ACCOUNT_LABELS = 9, STREAM_LABELS = 13, CONSUMER_LABELS = 17, LABELS_MAX = 17 };

static void account_labels(const struct metrics_js *m, const struct js_report_account *a,
                           struct label ret[LABELS_MAX])
{
    const struct server_identity *id = m->identity;
    const struct label labels[ACCOUNT_LABELS] = {
        { "server_id", id->id },  { "server_name", id->name }, { "cluster", id->cluster },
        { "domain", id->domain }, { "meta_leader", "" },       { "is_meta_leader", "true" },
        { "account", a->name },   { "account_id", a->name },   { "account_name", a->name },
    };
    assert(a->name != NULL);
    memcpy(ret, labels, sizeof labels);
}

static void stream_labels(const struct metrics_js *m, const struct js_report_account *a,
                          const struct js_report_stream *s, struct label ret[LABELS_MAX])
{
    const struct label labels[] = {
        { "stream_name", s->info->config.name },
        { "stream_leader", m->identity->name },
        { "is_stream_leader", "true" },
        { "stream_raft_group", "" },
    };
    account_labels(m, a, ret);
    assert(ACCOUNT_LABELS + ARRAY_COUNT(labels) == STREAM_LABELS);
    memcpy(ret + ACCOUNT_LABELS, labels, sizeof labels);
}

static void consumer_labels(const struct metrics_js *m, const struct consumer_info *c,
                            struct label ret[LABELS_MAX])
{
    const struct label labels[] = {
        { "consumer_name", c->name },
        { "consumer_leader", m->identity->name },
        { "is_consumer_leader", "true" },
        { "consumer_desc", c->config == NULL ? "" : c->config->description },
    };
    assert(STREAM_LABELS + ARRAY_COUNT(labels) == CONSUMER_LABELS);
    memcpy(ret + STREAM_LABELS, labels, sizeof labels);
}

/* ---- accounts ---- */

static int64_t max_memory(const struct js_report_account *a)
{
    return a->limits.memory_max;
}
static int64_t max_storage(const struct js_report_account *a)
{
    return a->limits.store_max;
}
static int64_t memory_used(const struct js_report_account *a)
{
    return (int64_t)a->memory;
}
static int64_t storage_used(const struct js_report_account *a)
{
    return (int64_t)a->store;
}

static const struct account_family {
    const char *name;
    int64_t   (*value)(const struct js_report_account *);
} account_families[] = {
    { "max_memory", max_memory },
    { "max_storage", max_storage },
    { "memory_used", memory_used },
    { "storage_used", storage_used },
};

static void add_accounts(const struct metrics_js *m)
{
    const char *prefix = arena_printf(m->arena, "%saccount_", m->prefix);
    for (uint32_t i = 0; i < ARRAY_COUNT(account_families); i++) {
        const struct account_family *f = &account_families[i];
        exposition_family(m->out, prefix, f->name, GAUGE, f->name);
        for (uint32_t k = 0; k < m->report->accounts_count; k++) {
            const struct js_report_account *a = &m->report->accounts[k];
            struct label labels[LABELS_MAX];
            account_labels(m, a, labels);
            exposition_i64(m->out, labels, ACCOUNT_LABELS, f->value(a));
        }
    }
}

/* ---- streams and consumers: walked once for each family, as the format wants it ---- */

struct walk {
    const struct metrics_js *m;
    uint32_t                 streams, consumers;
    bool                     is_cut;
};

static void each_stream(struct walk *w, const void *family,
                        void (*add)(const struct metrics_js *, const void *family,
                                    const struct js_report_account *,
                                    const struct js_report_stream *, struct walk *))
{
    w->streams = w->consumers = 0;
    for (uint32_t i = 0; i < w->m->report->accounts_count; i++) {
        const struct js_report_account *a = &w->m->report->accounts[i];
        for (uint32_t k = 0; k < a->streams_count; k++) {
            if (w->streams++ < METRICS_STREAMS_MAX) add(w->m, family, a, &a->streams[k], w);
            else w->is_cut = true;
        }
    }
}

/* By where a number stands: in the state, or in the configuration. */
struct stream_family {
    const char *name;
    uint32_t    offset;                 /* of 64 bits in struct stream_info */
};
#define STATE(field) offsetof(struct stream_info, state.field)
#define LIMIT(field) offsetof(struct stream_info, config.field)
static const struct stream_family stream_families[] = {
    { "total_messages", STATE(messages) },       { "total_bytes", STATE(bytes) },
    { "first_seq", STATE(first_seq) },           { "last_seq", STATE(last_seq) },
    { "consumer_count", STATE(consumer_count) }, { "subject_count", STATE(num_subjects) },
    { "limit_messages", LIMIT(max_msgs) },       { "limit_bytes", LIMIT(max_bytes) },
};
#undef STATE
#undef LIMIT

static void add_stream(const struct metrics_js *m, const void *family,
                       const struct js_report_account *a, const struct js_report_stream *s,
                       struct walk *w)
{
    const struct stream_family *f = family;
    struct label labels[LABELS_MAX];
    int64_t value;
    (void)w;
    memcpy(&value, (const char *)s->info + f->offset, sizeof value);
    stream_labels(m, a, s, labels);
    exposition_i64(m->out, labels, STREAM_LABELS, value);
}

/* A mirror or a source, by the words for its labels and its value. */
struct origin_family {
    const char *name;
    const char *labels[3];              /* its name, api, deliver */
    bool        is_mirror, is_lag;
};

static const struct origin_family origin_families[] = {
    { "mirror_lag", { "mirror_name", "mirror_api", "mirror_deliver" }, true, true },
    { "mirror_active_duration_ns", { "mirror_name", "mirror_api", "mirror_deliver" }, true, false },
    { "source_lag", { "source_name", "source_api", "source_deliver" }, false, true },
    { "source_active_duration_ns",
      { "source_name", "source_api", "source_deliver" },
      false,
      false },
};

static void add_origin(const struct metrics_js *m, const struct origin_family *f,
                       const struct stream_source_info *from, struct label labels[LABELS_MAX])
{
    const struct stream_external *e = from->external;
    const struct label own[] = {
        { f->labels[0], from->name },
        { f->labels[1], e == NULL ? "" : e->api },
        { f->labels[2], e == NULL ? "" : e->deliver },
    };
    assert(STREAM_LABELS + ARRAY_COUNT(own) <= LABELS_MAX);
    memcpy(labels + STREAM_LABELS, own, sizeof own);
    exposition_i64(m->out, labels, STREAM_LABELS + ARRAY_COUNT(own),
                   f->is_lag ? (int64_t)from->lag : (int64_t)from->active);
}

static void add_origins(const struct metrics_js *m, const void *family,
                        const struct js_report_account *a, const struct js_report_stream *s,
                        struct walk *w)
{
    const struct origin_family *f = family;
    const struct stream_source_info *sources = s->info->sources.items;
    struct label labels[LABELS_MAX];
    (void)w;
    stream_labels(m, a, s, labels);
    if (f->is_mirror && s->info->mirror != NULL) add_origin(m, f, s->info->mirror, labels);
    for (uint32_t i = 0; !f->is_mirror && i < s->info->sources.count; i++)
        add_origin(m, f, &sources[i], labels);
}

struct consumer_family {
    const char *name;
    uint32_t    offset;                 /* in struct consumer_info */
    bool        is_age;                 /* a time, told as the seconds since then; 0: not told */
};
#define AT(field) offsetof(struct consumer_info, field)
static const struct consumer_family consumer_families[] = {
    { "delivered_consumer_seq", AT(delivered.consumer_seq), false },
    { "delivered_stream_seq", AT(delivered.stream_seq), false },
    { "ack_floor_consumer_seq", AT(ack_floor.consumer_seq), false },
    { "ack_floor_stream_seq", AT(ack_floor.stream_seq), false },
    { "num_ack_pending", AT(num_ack_pending), false },
    { "num_redelivered", AT(num_redelivered), false },
    { "num_waiting", AT(num_waiting), false },
    { "num_pending", AT(num_pending), false },
    { "last_delivery_seconds", AT(delivered.last_active), true },
    { "last_ack_seconds", AT(ack_floor.last_active), true },
};
#undef AT

static void add_consumer(const struct metrics_js *m, const struct consumer_family *f,
                         const struct consumer_info *c, struct label labels[LABELS_MAX])
{
    int64_t value;
    memcpy(&value, (const char *)c + f->offset, sizeof value);
    if (f->is_age && value == 0) return;
    consumer_labels(m, c, labels);
    if (!f->is_age) exposition_i64(m->out, labels, CONSUMER_LABELS, value);
    else exposition_double(m->out, labels, CONSUMER_LABELS, (double)(m->now - value) / SECOND);
}

static void add_consumers(const struct metrics_js *m, const void *family,
                          const struct js_report_account *a, const struct js_report_stream *s,
                          struct walk *w)
{
    const struct consumer_info *all = s->consumers.items;
    struct label labels[LABELS_MAX];
    stream_labels(m, a, s, labels);
    for (uint32_t i = 0; i < s->consumers.count; i++) {
        if (w->consumers++ < METRICS_CONSUMERS_MAX) add_consumer(m, family, &all[i], labels);
        else w->is_cut = true;
    }
}

bool metrics_js_add(const struct metrics_js *m)
{
    struct walk w = { .m = m };
    const char *streams = arena_printf(m->arena, "%sstream_", m->prefix);
    const char *consumers = arena_printf(m->arena, "%sconsumer_", m->prefix);
    if (m->report->with_accounts) add_accounts(m);
    for (uint32_t i = 0; m->report->with_streams && i < ARRAY_COUNT(stream_families); i++) {
        exposition_family(m->out, streams, stream_families[i].name, GAUGE, stream_families[i].name);
        each_stream(&w, &stream_families[i], add_stream);
    }
    for (uint32_t i = 0; m->report->with_streams && i < ARRAY_COUNT(origin_families); i++) {
        exposition_family(m->out, streams, origin_families[i].name, GAUGE, origin_families[i].name);
        each_stream(&w, &origin_families[i], add_origins);
    }
    for (uint32_t i = 0; m->report->with_consumers && i < ARRAY_COUNT(consumer_families); i++) {
        exposition_family(m->out, consumers, consumer_families[i].name, GAUGE,
                          consumer_families[i].name);
        each_stream(&w, &consumer_families[i], add_consumers);
    }
    return !w.is_cut;
}
