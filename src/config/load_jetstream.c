/* SPDX-License-Identifier: Apache-2.0 */
/* jetstream, at the top and in an account. Type errors of the top block carry the block's own
 * position, as nats-server's do. */
#include "config/load_internal.h"
#include "config/value.h"
#include "json/gotime.h"

/* --- sizes --- */

/* "10G": only K, M, G and T, as powers of two; or a plain number. False after an error. */
static bool size_read(struct loader *l, const char *name, const struct value *v, int64_t *ret_size)
{
    static const char units[] = "KMGT";
    if (v->kind == VALUE_INTEGER) {
        *ret_size = v->integer;
        return true;
    }
    if (v->kind != VALUE_TEXT) {
        load_error(l, v->pos, "%s must be int64 or string", name);
        return false;
    }
    if (v->text.len == 0) {
        *ret_size = 0;
        return true;
    }
    struct slice digits = slice_first(v->text, v->text.len - 1);
    int64_t number;
    if (!slice_to_i64(digits, &number)) {
        load_error(l, v->pos, "%s strconv.ParseInt: parsing %s: invalid syntax", name,
                   load_quote(l, arena_str(l->arena, digits)));
        return false;
    }
    const char *unit = strchr(units, v->text.ptr[v->text.len - 1]);
    if (unit == NULL) {
        load_error(l, v->pos, "%s sizes defined as strings must end in K, M, G, T", name);
        return false;
    }
    *ret_size = (int64_t)((uint64_t)number << (10 * (uint32_t)(unit - units + 1)));
    return true;
}

static void size_field_read(struct loader *l, const struct field *f)
{
    (void)size_read(l, f->row->what, f->value, (void *)((char *)f->into + f->row->offset));
}

/* Only an integer. */
static void count_read(struct loader *l, const struct field *f)
{
    if (f->value->kind == VALUE_INTEGER)
        *(int64_t *)(void *)((char *)f->into + f->row->offset) = f->value->integer;
    else
        load_error(l, f->value->pos, "Expected a parseable size for %s, got %s",
                   load_quote(l, f->name), load_value_text(l, f->value));
}

static void not_absolute(struct loader *l, const struct field *f, const char *range)
{
    load_error(l, f->value->pos, "Expected an absolute size for %s%s, got %s",
               load_quote(l, f->name), range, load_value_text(l, f->value));
}

static void meta_compact_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    if (f->value->kind == VALUE_INTEGER && f->value->integer >= 0)
        j->meta_compact = f->value->integer;
    else not_absolute(l, f, "");
}

static void meta_compact_size_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    int64_t size;
    if (!size_read(l, f->name, f->value, &size)) return;
    if (size >= 0) j->meta_compact_size = size;
    else not_absolute(l, f, "");
}

static void concurrent_io_read(struct loader *l, const struct field *f)
{
    enum { IO_MIN = 4, IO_MAX = 8192 };
    struct jetstream_options *j = f->into;
    const struct value *v = f->value;
    if (v->kind == VALUE_INTEGER && v->integer >= IO_MIN && v->integer <= IO_MAX)
        j->concurrent_io_max = v->integer;
    else not_absolute(l, f, " between 4 and 8192");
}

/* --- other keys --- */

static void strict_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    if (f->value->kind == VALUE_BOOL) j->strict = f->value->boolean;
    else
        load_error(l, f->value->pos, "Expected 'true' or 'false' for bool value, got '%%!s(%s=%s)'",
                   value_type_name(f->value), load_value_text(l, f->value));
}

static void store_dir_set(struct loader *l, const struct field *f, struct jetstream_options *j)
{
    const char *dir;
    if (!load_text(l, f->value, &dir)) return;
    if (j->store_dir != NULL && j->store_dir[0] != '\0') {
        load_error(l, f->value->pos, "Duplicate 'store_dir' configuration");
        return;
    }
    j->store_dir = dir;
    j->store_dir_pos = f->value->pos;
}

void load_store_dir(struct loader *l, const struct field *f)
{
    store_dir_set(l, f, &l->options->jetstream);
}

static void store_read(struct loader *l, const struct field *f)
{
    store_dir_set(l, f, f->into);
}

static void sync_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    if (f->value->kind == VALUE_TEXT &&
        strcmp(load_lower(l->arena, f->value->text), "always") == 0) {
        j->sync_present = j->sync_always = true;
        return;
    }
    j->sync_present = load_duration(l, f->name, f->value, &j->sync_interval);
}

static bool cipher_parse(struct loader *l, const struct field *f, enum js_cipher *ret_cipher)
{
    const char *name;
    if (!load_text(l, f->value, &name)) return false;
    name = load_lower(l->arena, f->value->text);
    if (strcmp(name, "chacha") == 0 || strcmp(name, "chachapoly") == 0)
        *ret_cipher = JS_CIPHER_CHACHA;
    else if (strcmp(name, "aes") == 0) *ret_cipher = JS_CIPHER_AES;
    else
        load_error(l, f->value->pos, "Unknown cipher type: %s",
                   load_quote(l, value_text(f->value)));
    return true;
}

static void cipher_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    (void)cipher_parse(l, f, &j->cipher);
}

/* --- limits, batch, tpm --- */

/* A duration as a text; its error has no position. */
static void plain_duration_read(struct loader *l, const struct field *f)
{
    const char *text;
    if (!load_text(l, f->value, &text)) return;
    if (gotime_duration_parse(f->value->text, (void *)((char *)f->into + f->row->offset)) != ERR_OK)
        load_error_nowhere(l, "%s", load_duration_error(l, text));
}

/* clang-format off */
#define AT(field) OPT_AT(struct js_limit_options, field)
static const struct option_row batch_rows[] = {
    { "max_inflight_per_stream", OPT_I64, AT(batch_inflight_per_stream_max), RELOAD_YES,
      .help = "batches under way in a stream" },
    { "max_inflight_total", OPT_I64, AT(batch_inflight_total_max), RELOAD_YES,
      .help = "batches under way in all" },
    { "max_msgs", OPT_I64, AT(batch_msgs_max), RELOAD_YES,
      .help = "messages of a batch, which has 64 MB at most" },
    { "timeout", OPT_CUSTOM, AT(batch_timeout), RELOAD_YES,
      .help = "time between two messages of a batch",
      .read = plain_duration_read },
};
static const struct option_block batch_block = { OPT_BLOCK("batch", batch_rows) };

static void batch_read(struct loader *l, const struct field *f)
{
    if (f->value->kind == VALUE_MAP) (void)load_block(l, &batch_block, f->value, f->into);
    else
        load_error(l, f->value->pos, "Expected a map to define batch limits, got %s",
                   value_type_name(f->value));
}

static const struct option_row limit_rows[] = {
    { "max_ack_pending", OPT_I64, AT(ack_pending_max), RELOAD_YES,
      .help = "largest max_ack_pending of a consumer" },
    { "max_ha_assets", OPT_I64, AT(ha_assets_max), RELOAD_YES,
      .help = "replicated streams and consumers on this server" },
    { "max_request_batch", OPT_I64, AT(request_batch_max), RELOAD_YES,
      .help = "largest batch of a pull" },
    { "default_max_consumers", OPT_I64, AT(consumers_default_max), RELOAD_YES,
      .help = "consumers of a stream, when neither it nor its account says how many" },
    { "duplicate_window", OPT_CUSTOM, AT(duplicate_window), RELOAD_YES,
      .help = "largest duplicate window",
      .read = plain_duration_read },
    { "batch", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "atomic batches", .read = batch_read, .block = &batch_block },
};
#undef AT
static const struct option_block limit_block = { OPT_BLOCK("limits", limit_rows) };
/* clang-format on */

static void limits_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    if (f->value->kind == VALUE_MAP) (void)load_block(l, &limit_block, f->value, &j->limits);
    else
        load_error(l, f->value->pos, "Expected a map to define JetStreamLimits, got %s",
                   value_type_name(f->value));
}

static void tpm_cipher_read(struct loader *l, const struct field *f)
{
    (void)cipher_parse(l, f, &l->options->jetstream.cipher);
}

/* clang-format off */
#define AT(field) OPT_AT(struct js_tpm_options, field)
static const struct option_row tpm_rows[] = {
    { "keys_file", OPT_TEXT, AT(keys_file), RELOAD_NO, .help = "file with the sealed keys" },
    { "encryption_password", OPT_TEXT, AT(encryption_password), RELOAD_NO,
      .help = "password of the key" },
    { "srk_password", OPT_TEXT, AT(srk_password), RELOAD_NO,
      .help = "password of the storage root key" },
    { "pcr", OPT_I64, AT(pcr), RELOAD_NO, .help = "register that the key is bound to; 22" },
    { "cipher", OPT_CUSTOM, OPT_NOWHERE, RELOAD_NO,
      .help = "chacha or aes", .read = tpm_cipher_read },
};
#undef AT
/* clang-format on */
static const struct option_block tpm_block = { OPT_BLOCK("tpm", tpm_rows) };

static void tpm_read(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = f->into;
    if (f->value->kind != VALUE_MAP) {
        load_error(l, f->value->pos, "Expected a map to define JetStreamLimits, got %s",
                   value_type_name(f->value));
        return;
    }
    j->tpm.present = true;
    (void)load_block(l, &tpm_block, f->value, &j->tpm);
}

/* --- the block --- */

/* clang-format off */
#define AT(field) OPT_AT(struct jetstream_options, field)
#define OWN(field, reader, text) OPT_CUSTOM, AT(field), RELOAD_NO, .help = text, .read = reader
/* Applied to live streams, if reload.c does not refuse it. */
#define CHECKED(field, reader, text) \
    OPT_CUSTOM, AT(field), RELOAD_YES, .help = text, .read = reader
static const struct option_row jetstream_rows[] = {
    { "strict", OWN(strict, strict_read, "refuse unknown fields of requests; true"),
      .holds = OPT_BOOL, .go_name = "NoJetStreamStrict", .is_opposite = true },
    { "store store_dir storedir", CHECKED(store_dir, store_read,
      "where streams are kept; <tmp>/nats/jetstream"), .holds = OPT_TEXT },
    { "sync sync_interval", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "time between syncs to disk, or \"always\"",
      .read = sync_read },
    { "max_memory_store max_mem_store max_mem", CHECKED(memory_max, size_field_read,
      "bytes of memory streams"),
      .what = "max_mem_store", .holds = OPT_I64 },
    { "max_file_store max_file", CHECKED(store_max, size_field_read, "bytes of file streams"),
      .what = "max_file_store", .holds = OPT_I64 },
    { "domain", OPT_TEXT, AT(domain), RELOAD_NO, .help = "domain", .go_name = "JetStreamDomain" },
    { "enable enabled", OPT_BOOL, AT(enabled), RELOAD_YES, .help = "false turns it off; true" },
    { "key ek encryption_key", OPT_TEXT, AT(key), RELOAD_NO,
      .help = "key of encryption at rest", .is_secret = true, .go_name = "JetStreamKey" },
    { "prev_key prev_ek prev_encryption_key", OPT_TEXT, AT(prev_key), RELOAD_NO,
      .help = "the key before it", .is_secret = true, .go_name = "JetStreamOldKey" },
    { "cipher", CHECKED(cipher, cipher_read, "chacha or aes; chacha") },
    { "extension_hint", OPT_TEXT, AT(extension_hint), RELOAD_NO,
      .help = "will_extend or no_extend", .go_name = "JetStreamExtHint" },
    { "limits", CHECKED(limits, limits_read, "limits of this server"), .block = &limit_block },
    { "tpm", OWN(tpm, tpm_read, "key in a TPM"), .block = &tpm_block },
    { "unique_tag", OPT_TEXT, AT(unique_tag), RELOAD_NO,
      .help = "replicas differ in the tag with this prefix", .go_name = "JetStreamUniqueTag" },
    { "max_outstanding_catchup", OWN(outstanding_catchup_max, size_field_read,
      "bytes under way to a replica"),
      .what = "max_outstanding_catchup", .holds = OPT_I64, .go_name = "JetStreamMaxCatchup" },
    { "max_buffered_size", OWN(buffered_size_max, size_field_read,
      "bytes that may wait for a stream"),
      .what = "max_buffered_size", .holds = OPT_I64, .go_name = "StreamMaxBufferedSize" },
    { "max_buffered_msgs", OWN(buffered_msgs_max, count_read,
      "messages that may wait for a stream"),
      .holds = OPT_I64, .go_name = "StreamMaxBufferedMsgs" },
    { "request_queue_limit", OWN(request_queue_limit, count_read,
      "requests that may wait; 10000"),
      .holds = OPT_I64, .go_name = "JetStreamRequestQueueLimit" },
    { "info_queue_limit", OWN(info_queue_limit, count_read,
      "info requests that may wait; request_queue_limit"),
      .holds = OPT_I64, .go_name = "JetStreamInfoQueueLimit" },
    { "meta_compact", CHECKED(meta_compact, meta_compact_read,
      "entries of the meta log before a snapshot") },
    { "meta_compact_size", CHECKED(meta_compact_size, meta_compact_size_read,
      "bytes of it before a snapshot") },
    { "meta_compact_sync", OPT_BOOL, AT(meta_compact_sync), RELOAD_YES,
      .help = "wait for the snapshot; false" },
    { "max_concurrent_io", CHECKED(concurrent_io_max, concurrent_io_read,
      "disk operations at a time, 4 to 8192; 4096"), .holds = OPT_I64 },
};
#undef AT
/* clang-format on */
const struct option_block jetstream_block = { OPT_BLOCK("jetstream", jetstream_rows) };

/* "enabled" and "disabled", in any case and also without the d. */
static bool switch_parse(struct loader *l, const struct value *v, bool *ret_enabled)
{
    const char *word = load_lower(l->arena, v->text);
    bool on = strcmp(word, "enabled") == 0 || strcmp(word, "enable") == 0;
    bool off = strcmp(word, "disabled") == 0 || strcmp(word, "disable") == 0;
    if (on || off) *ret_enabled = on;
    return on || off;
}

void load_jetstream(struct loader *l, const struct field *f)
{
    struct jetstream_options *j = &l->options->jetstream;
    const struct value *v = f->value;
    j->present = true;
    j->pos = v->pos;
    if (v->kind == VALUE_BOOL) {
        j->enabled = v->boolean;
    } else if (v->kind == VALUE_TEXT) {
        if (!switch_parse(l, v, &j->enabled))
            load_error(l, v->pos, "Expected 'enabled' or 'disabled' for string value, got '%s'",
                       value_text(v));
    } else if (v->kind == VALUE_MAP) {
        j->enabled = true;
        l->type_pos = v->pos;
        (void)load_block(l, &jetstream_block, v, j);
        l->type_pos.line = 0;
    } else {
        load_error(l, v->pos, "Expected map, bool or string to define JetStream, got %s",
                   value_type_name(v));
    }
}

/* --- jetstream of an account --- */

static void max_bytes_required_read(struct loader *l, const struct field *f)
{
    struct account_js_options *j = f->into;
    if (f->value->kind == VALUE_BOOL) j->max_bytes_required = f->value->boolean;
    else
        load_error(l, f->value->pos, "Expected a parseable bool for %s, got %s",
                   load_quote(l, f->name), load_value_text(l, f->value));
}

static void cluster_traffic_read(struct loader *l, const struct field *f)
{
    struct account_js_options *j = f->into;
    const struct value *v = f->value;
    const char *either = v->kind == VALUE_TEXT ? "" : "either ";
    if (v->kind == VALUE_TEXT && (v->text.len == 0 || slice_equal_str(v->text, "system")))
        j->cluster_traffic = ACCOUNT_JS_TRAFFIC_SYSTEM;
    else if (v->kind == VALUE_TEXT && slice_equal_str(v->text, "owner"))
        j->cluster_traffic = ACCOUNT_JS_TRAFFIC_OWNER;
    else
        load_error(l, v->pos, "Expected %s'system' or 'owner' string value for %s, got %s", either,
                   load_quote(l, f->name), load_value_text(l, v));
}

/* clang-format off */
#define AT(field) OPT_AT(struct account_js_options, field)
#define COUNT(field, text) \
    OPT_CUSTOM, AT(field), RELOAD_YES, .help = text "; -1 (no limit)", .read = count_read
static const struct option_row account_js_rows[] = {
    { "max_memory max_mem mem memory", COUNT(memory_max, "bytes of memory streams") },
    { "max_store max_file max_disk store disk", COUNT(store_max, "bytes of file streams") },
    { "max_streams streams", COUNT(streams_max, "streams") },
    { "max_consumers consumers", COUNT(consumers_max, "consumers") },
    { "max_bytes_required max_stream_bytes max_bytes", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "streams must set max_bytes; false", .read = max_bytes_required_read },
    { "mem_max_stream_bytes memory_max_stream_bytes", COUNT(memory_stream_max,
      "bytes of one memory stream") },
    { "disk_max_stream_bytes store_max_stream_bytes", COUNT(store_stream_max,
      "bytes of one file stream") },
    { "max_ack_pending", COUNT(ack_pending_max, "largest max_ack_pending of a consumer") },
    { "cluster_traffic", OPT_CUSTOM, OPT_NOWHERE, RELOAD_YES,
      .help = "account that carries replication: system or owner",
      .read = cluster_traffic_read },
};
#undef AT
/* clang-format on */
const struct option_block account_js_block = { OPT_BLOCK("jetstream", account_js_rows) };

void load_account_jetstream(struct loader *l, const struct field *f)
{
    struct account_js_options *j = (void *)((char *)f->into + f->row->offset);
    const struct value *v = f->value;
    bool enabled = true;
    *j = (struct account_js_options){ .pos = v->pos,
                                      .memory_max = -1,
                                      .store_max = -1,
                                      .streams_max = -1,
                                      .consumers_max = -1,
                                      .ack_pending_max = -1,
                                      .memory_stream_max = -1,
                                      .store_stream_max = -1 };
    if (v->kind == VALUE_BOOL) {
        enabled = v->boolean;
    } else if (v->kind == VALUE_TEXT) {
        if (!switch_parse(l, v, &enabled))
            load_error_nowhere(l, "Expected 'enabled' or 'disabled' for string value, got '%s'",
                               value_text(v));
    } else if (v->kind == VALUE_MAP) {
        (void)load_block(l, &account_js_block, v, j);
    } else {
        load_error_nowhere(l, "Expected map, bool or string to define JetStream, got %s",
                           value_type_name(v));
    }
    j->enabled = enabled ? TRI_TRUE : TRI_FALSE;
}
