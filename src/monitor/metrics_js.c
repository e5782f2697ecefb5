/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/metrics_js.h"

#include "base/assert.h"

static const char GAUGE[] = "gauge";

/* What a series is about: labels in groups, each group behind the one before. */
enum { LABELS_MAX = 17 };

struct labels {
    struct label at[LABELS_MAX];
    uint32_t     count;
};

static void add_labels(struct labels *to, const struct label *labels, uint32_t count)
{
    assert(to->count + count <= LABELS_MAX);
    memcpy(to->at + to->count, labels, count * sizeof *labels);
    to->count += count;
}

static struct labels account_labels(const struct metrics_js *m, const struct js_report_account *a)
{
    const struct server_identity *id = m->identity;
    const struct label exporter[] = {
        { "server_id", id->id },  { "server_name", id->name }, { "cluster", id->cluster },
        { "domain", id->domain }, { "meta_leader", "" },       { "is_meta_leader", "true" },
        { "account", a->name },   { "account_id", a->name },   { "account_name", a->name },
    };
    const struct label surveyor[] = {
        { "account", a->name },  { "account_name", a->name },  { "cluster_name", id->cluster },
        { "server_id", id->id }, { "server_name", id->name },
    };
    struct labels l = { .count = 0 };
    assert(a->name != NULL);
    if (m->is_surveyor) add_labels(&l, surveyor, ARRAY_COUNT(surveyor));
    else add_labels(&l, exporter, ARRAY_COUNT(exporter));
    return l;
}

static struct labels stream_labels(const struct metrics_js *m, const struct js_report_account *a,
                                   const struct js_report_stream *s)
{
    const char *name = s->info->config.name, *leader = m->identity->name;
    const struct label exporter[] = {
        { "stream_name", name },
        { "stream_leader", leader },
        { "is_stream_leader", "true" },
        { "stream_raft_group", "" },
    };
    const struct label surveyor[] = {
        { "stream", name },
        { "stream_leader", leader },
        { "raft_group", "" },
    };
    struct labels l = account_labels(m, a);
    if (m->is_surveyor) add_labels(&l, surveyor, ARRAY_COUNT(surveyor));
    else add_labels(&l, exporter, ARRAY_COUNT(exporter));
    return l;
}

static void add_consumer_labels(const struct metrics_js *m, const struct consumer_info *c,
                                struct labels *to)
{
    const struct label labels[] = {
        { "consumer_name", c->name },
        { "consumer_leader", m->identity->name },
        { "is_consumer_leader", "true" },
        { "consumer_desc", c->config == NULL ? "" : c->config->description },
    };
    add_labels(to, labels, m->is_surveyor ? 2 : ARRAY_COUNT(labels));
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
            const struct labels l = account_labels(m, a);
            exposition_i64(m->out, l.at, l.count, f->value(a));
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
    bool        exporter_only;
};
#define STATE(field) offsetof(struct stream_info, state.field)
#define LIMIT(field) offsetof(struct stream_info, config.field)
static const struct stream_family stream_families[] = {
    { "total_messages", STATE(messages), false },
    { "total_bytes", STATE(bytes), false },
    { "first_seq", STATE(first_seq), false },
    { "last_seq", STATE(last_seq), false },
    { "consumer_count", STATE(consumer_count), false },
    { "subject_count", STATE(num_subjects), false },
    { "limit_messages", LIMIT(max_msgs), true },
    { "limit_bytes", LIMIT(max_bytes), true },
};
#undef STATE
#undef LIMIT

static void add_stream(const struct metrics_js *m, const void *family,
                       const struct js_report_account *a, const struct js_report_stream *s,
                       struct walk *w)
{
    const struct stream_family *f = family;
    const struct labels l = stream_labels(m, a, s);
    int64_t value;
    (void)w;
    memcpy(&value, (const char *)s->info + f->offset, sizeof value);
    exposition_i64(m->out, l.at, l.count, value);
}

/* nats-surveyor's, of an account's streams. */
static const struct stream_family surveyor_families[] = {
    { "consumer_count", offsetof(struct stream_info, state.consumer_count), false },
    { "replica_count", offsetof(struct stream_info, config.num_replicas), false },
};

static void add_account_stream(const struct metrics_js *m, const void *family,
                               const struct js_report_account *a, const struct js_report_stream *s,
                               struct walk *w)
{
    const struct stream_family *f = family;
    const struct label labels[] = { { "account", a->name },
                                    { "account_name", a->name },
                                    { "raft_group", "" },
                                    { "stream", s->info->config.name } };
    int64_t value;
    (void)w;
    memcpy(&value, (const char *)s->info + f->offset, sizeof value);
    exposition_i64(m->out, labels, ARRAY_COUNT(labels), value);
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
                       const struct stream_source_info *from, struct labels l)
{
    const struct stream_external *e = from->external;
    const struct label own[] = {
        { f->labels[0], from->name },
        { f->labels[1], e == NULL ? "" : e->api },
        { f->labels[2], e == NULL ? "" : e->deliver },
    };
    add_labels(&l, own, ARRAY_COUNT(own));
    exposition_i64(m->out, l.at, l.count, f->is_lag ? (int64_t)from->lag : (int64_t)from->active);
}

static void add_origins(const struct metrics_js *m, const void *family,
                        const struct js_report_account *a, const struct js_report_stream *s,
                        struct walk *w)
{
    const struct origin_family *f = family;
    const struct stream_source_info *sources = s->info->sources.items;
    const struct labels l = stream_labels(m, a, s);
    (void)w;
    if (f->is_mirror && s->info->mirror != NULL) add_origin(m, f, s->info->mirror, l);
    for (uint32_t i = 0; !f->is_mirror && i < s->info->sources.count; i++)
        add_origin(m, f, &sources[i], l);
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
                         const struct consumer_info *c, struct labels l)
{
    int64_t value;
    memcpy(&value, (const char *)c + f->offset, sizeof value);
    if (f->is_age && value == 0) return;
    add_consumer_labels(m, c, &l);
    if (!f->is_age) exposition_i64(m->out, l.at, l.count, value);
    else exposition_double(m->out, l.at, l.count, (double)(m->now - value) / SECOND);
}

static void add_consumers(const struct metrics_js *m, const void *family,
                          const struct js_report_account *a, const struct js_report_stream *s,
                          struct walk *w)
{
    const struct consumer_info *all = s->consumers.items;
    const struct labels l = stream_labels(m, a, s);
    for (uint32_t i = 0; i < s->consumers.count; i++) {
        if (w->consumers++ < METRICS_CONSUMERS_MAX) add_consumer(m, family, &all[i], l);
        else w->is_cut = true;
    }
}

static void add_streams(struct walk *w)
{
    const struct metrics_js *m = w->m;
    const char *prefix = arena_printf(m->arena, "%sstream_", m->prefix);
    for (uint32_t i = 0; i < ARRAY_COUNT(stream_families); i++) {
        const struct stream_family *f = &stream_families[i];
        if (f->exporter_only && m->is_surveyor) continue;
        exposition_family(m->out, prefix, f->name, GAUGE, f->name);
        each_stream(w, f, add_stream);
    }
    for (uint32_t i = 0; !m->is_surveyor && i < ARRAY_COUNT(origin_families); i++) {
        exposition_family(m->out, prefix, origin_families[i].name, GAUGE, origin_families[i].name);
        each_stream(w, &origin_families[i], add_origins);
    }
    for (uint32_t i = 0; m->is_surveyor && i < ARRAY_COUNT(surveyor_families); i++) {
        const struct stream_family *f = &surveyor_families[i];
        exposition_family(m->out, "nats_core_account_jetstream_", f->name, GAUGE, f->name);
        each_stream(w, f, add_account_stream);
    }
}

bool metrics_js_add(const struct metrics_js *m)
{
    struct walk w = { .m = m };
    const char *consumers = arena_printf(m->arena, "%sconsumer_", m->prefix);
    if (m->with_accounts && !m->is_surveyor) add_accounts(m);
    if (m->report->with_streams) add_streams(&w);
    for (uint32_t i = 0; m->report->with_consumers && i < ARRAY_COUNT(consumer_families); i++) {
        const struct consumer_family *f = &consumer_families[i];
        if (f->is_age && m->is_surveyor) continue;      /* the exporter's only */
        exposition_family(m->out, consumers, f->name, GAUGE, f->name);
        each_stream(&w, f, add_consumers);
    }
    return !w.is_cut;
}
