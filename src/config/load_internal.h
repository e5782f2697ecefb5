/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of load_*.c are made of.
 *
 * A block is a map of the configuration; it fills one struct. A row is one key of it (with its
 * aliases).
 * Thread and memory: as load.h. Texts of messages are nats-server's: tools look for them. */
#ifndef MIDGE_CONFIG_LOAD_INTERNAL_H
#define MIDGE_CONFIG_LOAD_INTERNAL_H

#include "base/compiler.h"
#include "config/load.h"
#include "config/reload_class.h"

struct loader {
    const struct config_source *source;
    struct arena               *arena;
    struct options             *options;
    struct load_report         *report;
    /* values of a wrong type; a block with one is not checked further */
    uint32_t                    type_errors;
    /* of messages about subjects in rules; line 0: none is said */
    struct option_pos           rule_pos;
    struct option_pos type_pos; /* where messages about wrong types point in blocks that do not
                                                           say it of each key; line 0: to the key */
    bool                        in_gateway_or_cluster;  /* where known URLs can be checked */
    /* `compression: true` means s2_auto, not s2_fast */
    bool                        bool_compresses_auto;
};

/* One key with its value, on the way into the struct of its block. */
struct field {
    const struct option_row *row;
    const char              *name;      /* lower case, as used */
    const struct value      *value;
    void                    *into;      /* the struct of the block */
};

typedef void (*field_reader)(struct loader *, const struct field *);

enum option_type {
    /* only for `holds`: compare what was written, not a field */
    OPT_NONE,
    OPT_BOOL,                           /* bool */
    OPT_TRI,                            /* enum tri */
    OPT_TEXT,                           /* const char * */
    OPT_I32,                            /* int32_t; what does not fit becomes the largest */
    OPT_I64,                            /* int64_t */
    OPT_DURATION,                       /* nanos; a number is taken as seconds and warned about */
    OPT_DURATION_TEXT,                  /* nanos; only a text */
    /* struct string_list; a text or an array; `what` names it in messages */
    OPT_TEXTS,
    OPT_WRITE_TIMEOUT,                  /* enum write_timeout */
    OPT_COMPRESSION,                    /* struct compression_options */
    OPT_LISTEN,                         /* struct listen_options from "host:port" or a port */
    OPT_COVERED,                        /* only for `holds`: other rows show a change */
    OPT_CUSTOM,                         /* `read` does it */
    OPT_TYPES_COUNT,
};

struct option_block;

struct option_row {
    const char        *names;           /* "name alias alias", lower case */
    enum option_type   type;
    uint32_t           offset;          /* in the struct of the block */
    uint32_t           size;
    enum reload_class  reload;
    const char        *help;            /* "meaning; default" for the reference */
    field_reader       read;            /* OPT_CUSTOM */
    /* the table of a map's keys, for the reference and the reload diff */
    const struct option_block *block;
    /* OPT_CUSTOM: the C type at the offset, for the reload diff */
    enum option_type   holds;
    bool               is_secret;       /* no message may show it */
    /* of the field in messages about reload; NULL: the first name */
    const char        *go_name;
    const char        *what;            /* OPT_TEXTS: the list in messages */
    bool               is_opposite;     /* what go_name names is true when ours is false */
};

struct option_block {
    const char              *name;      /* as users find it: "cluster", "tls" */
    const struct option_row *rows;
    uint32_t                 count;
    const char              *unknown;   /* what stands before the quoted key; NULL: unknown field */
    const char              *unknown_after;
    /* the keys behind an unknown one are not looked at */
    bool                     unknown_ends;
    bool                     ignores_unknown;
    bool                     is_exact;  /* keys are matched case-sensitively */
};

/* clang-format off */
#define OPT_AT(type, field) \
    (uint32_t)offsetof(type, field), (uint32_t)sizeof(((type *)0)->field)
/* clang-format on */
#define OPT_NOWHERE 0, 0
#define OPT_BLOCK(title, table) .name = title, .rows = table, .count = ARRAY_COUNT(table)

/* --- load.c --- */

void load_error(struct loader *, struct option_pos, const char *format, ...) PRINTF_LIKE(3, 4);
void load_error_nowhere(struct loader *, const char *format, ...) PRINTF_LIKE(2, 3);
void load_warning(struct loader *, struct option_pos, const char *field, const char *format, ...)
    PRINTF_LIKE(4, 5);

/* Without "invalid use of field". */
void load_plain_warning(struct loader *, struct option_pos, const char *text);

/* Reads each key of the map by the block's table. False when an unknown key ended it early (blocks
 * with `unknown`). */
bool load_block(struct loader *, const struct option_block *, const struct value *map, void *into);
const struct option_row *load_row_find(const struct option_block *, struct slice key);

/* --- load_types.c: false after an error was reported --- */

bool load_text(struct loader *, const struct value *, const char **ret_text);
bool load_bool(struct loader *, const struct value *, bool *ret_value);
bool load_integer(struct loader *, const struct value *, int64_t *ret_value);
bool load_map(struct loader *, const struct value *);
bool load_array(struct loader *, const struct value *);
bool load_duration(struct loader *, const char *field, const struct value *, nanos *ret_duration);
bool load_duration_text(struct loader *, const char *prefix, const struct value *,
                        nanos *ret_duration);
/* What Go says about a text that is no duration. */
const char *load_duration_error(struct loader *, const char *text);
/* A text or an array of texts; `what` as in "error parsing <what>: unsupported type int64". */
bool load_texts(struct loader *, const char *what, const struct value *,
                struct string_list *ret_list);
bool load_listen(struct loader *, const struct value *, struct listen_options *ret_listen);
void load_field(struct loader *, const struct field *);

/* As Go prints it with %v. */
const char *load_value_text(struct loader *, const struct value *);
const char *load_quote(struct loader *, const char *text);  /* as Go's %q */
char *load_lower(struct arena *, struct slice);

static inline bool value_is(const struct value *v, enum value_kind kind)
{
    return v->kind == kind;
}

static inline const char *value_text(const struct value *v)
{
    return (const char *)v->text.ptr;
}

/* --- the blocks --- */

extern const struct option_block export_block, import_block, account_js_block;
extern const struct option_block top_block, midge_block, tls_block, ocsp_peer_block, cluster_block,
    gateway_block, remote_gateway_block, leafnode_block, leaf_remote_block, websocket_block,
    mqtt_block, jetstream_block, account_block, authorization_block, user_block, permissions_block,
    resolver_block;

/* into struct tls_options at the row */
void load_tls(struct loader *, const struct field *);
void load_authorization(struct loader *, const struct field *);
void load_link_authorization(struct loader *, const struct field *);    /* cluster and gateway */
void load_leaf_authorization(struct loader *, const struct field *);
void load_simple_authorization(struct loader *, const struct field *);  /* websocket and mqtt */
void load_accounts(struct loader *, const struct field *);
void load_mappings(struct loader *, const struct field *);
void load_cluster(struct loader *, const struct field *);
void load_gateway(struct loader *, const struct field *);
void load_leafnodes(struct loader *, const struct field *);
void load_urls(struct loader *, const struct value *, const char *what, struct url_list *);
void load_websocket(struct loader *, const struct field *);
void load_mqtt(struct loader *, const struct field *);
void load_jetstream(struct loader *, const struct field *);
void load_store_dir(struct loader *, const struct field *);
void load_account_jetstream(struct loader *, const struct field *);
void load_resolver(struct loader *, const struct field *);
void load_resolver_preload(struct loader *, const struct field *);
void load_operators(struct loader *, const struct field *);
void load_trusted_keys(struct loader *, const struct field *);
void load_ocsp(struct loader *, const struct field *);
void load_ocsp_cache(struct loader *, const struct field *);
void load_ocsp_peer(struct loader *, const struct field *);
void load_proxies(struct loader *, const struct field *);
void load_midge(struct loader *, const struct field *);

/* authorization { timeout } and the like: seconds, fractions or a duration; `where` begins the
 * messages. */
void load_timeout(struct loader *, const char *where, const struct field *, nanos *ret_timeout);

bool load_users(struct loader *, const struct value *, struct user_list *users,
                struct user_list *nkeys);
const struct permissions *load_permissions(struct loader *, const struct value *);
bool load_subject_rules(struct loader *, const struct value *, bool may_queue,
                        struct subject_rule **ret_rules, uint32_t *ret_count);
/* into const struct permissions * */
void load_permissions_field(struct loader *, const struct field *);
void load_default_permissions(const struct permissions *, struct user_list *users);

/* In load_imports.c: exports and imports of an account, and what can only be checked when all
 * accounts are known. */
void load_exports(struct loader *, const struct field *);
void load_imports(struct loader *, const struct field *);
void load_accounts_check(struct loader *, struct option_pos);

/* In load_top.c: what needs more than one key. */
void load_check(struct loader *);

#endif
