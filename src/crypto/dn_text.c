/* SPDX-License-Identifier: Apache-2.0 */
/* The texts are those of Go's crypto/x509/pkix, since users were told to write such names into
 * their configuration and tools read them in /connz. */
#include "crypto/dn.h"

#include <ctype.h>

#include "base/assert.h"
#include "base/buf.h"
#include "crypto/dn_types.h"

static struct slice take_text(struct buf *text, struct arena *arena)
{
    struct slice copy = arena_slice(arena, buf_slice(text));
    buf_deinit(text);
    return copy;
}

/* The types that Go prints by name. */
static const struct dn_type *go_type(const struct dn_attr *attr)
{
    const struct dn_type *type = dn_type_by_name(slice_str(attr->type));
    return type != NULL && type->go_group != 0 ? type : NULL;
}

static bool is_printable_string(struct slice s)
{
    for (uint32_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i];
        if (c == 0 || c > 127) return false;
        if (!isalnum(c) && strchr(" '()+,-./:=?", c) == NULL) return false;
    }
    return true;
}

static void add_hex_byte(struct buf *out, uint32_t byte)
{
    buf_printf(out, "%02x", byte & 0xff);
}

/* DER of a string: tag, length, bytes. */
static void add_hex_value(struct buf *out, struct slice value)
{
    add_hex_byte(out, is_printable_string(value) ? 0x13 : 0x0c);
    uint32_t bytes = value.len < 0x80 ? 0 : value.len < 0x100 ? 1 : value.len < 0x10000 ? 2 : 4;
    if (bytes > 0) add_hex_byte(out, 0x80 | bytes);
    for (uint32_t i = bytes == 0 ? 1 : bytes; i > 0; i--)
        add_hex_byte(out, value.len >> (8 * i - 8));
    for (uint32_t i = 0; i < value.len; i++) add_hex_byte(out, value.ptr[i]);
}

static void add_escaped_value(struct buf *out, struct slice value)
{
    for (uint32_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        bool    first = i == 0;
        bool    last = i + 1 == value.len;
        bool    special = c != 0 && strchr(",+\"\\<>;", c) != NULL;
        if (special || (c == ' ' && (first || last)) || (c == '#' && first))
            buf_add_byte(out, '\\');
        buf_add_byte(out, c);
    }
}

static void add_attr(struct buf *out, const struct dn_attr *attr)
{
    if (go_type(attr) != NULL) {
        buf_printf(out, "%s=", attr->type);
        add_escaped_value(out, attr->value);
        return;
    }
    const struct dn_type *type = dn_type_by_name(slice_str(attr->type));
    buf_printf(out, "%s=#", type != NULL ? type->oid : attr->type);
    add_hex_value(out, attr->value);
}

static void add_separator(struct buf *out, char separator)
{
    if (out->len > 0) buf_add_byte(out, (uint8_t)separator);
}

struct slice dn_go_sequence_text(const struct dn *dn, struct arena *arena)
{
    struct buf out = { 0 };
    for (uint32_t i = dn->count; i > 0; i--) {
        const struct dn_rdn *rdn = &dn->rdns[i - 1];
        for (uint32_t k = 0; k < rdn->count; k++) {
            add_separator(&out, k == 0 ? ',' : '+');
            add_attr(&out, &rdn->attrs[k]);
        }
    }
    return take_text(&out, arena);
}

/* Calls `visit` for each attribute in the order of the certificate. */
static void each_attr(const struct dn *dn, void (*visit)(void *, const struct dn_attr *), void *ctx)
{
    for (uint32_t i = 0; i < dn->count; i++)
        for (uint32_t k = 0; k < dn->rdns[i].count; k++) visit(ctx, &dn->rdns[i].attrs[k]);
}

struct group {
    struct buf *out;
    uint32_t    go_group;
    bool        single;                 /* the last value wins */
    const struct dn_attr *last;
    bool        started;
};

static void add_to_group(void *ctx, const struct dn_attr *attr)
{
    struct group         *group = ctx;
    const struct dn_type *type = go_type(attr);
    if (type == NULL || type->go_group != group->go_group) return;
    group->last = attr;
    if (group->single) return;
    add_separator(group->out, group->started ? '+' : ',');
    add_attr(group->out, attr);
    group->started = true;
}

/* Types without a name come last in the text, in reverse order. */
static void add_nameless(struct buf *out, const struct dn *dn)
{
    for (uint32_t i = dn->count; i > 0; i--) {
        const struct dn_rdn *rdn = &dn->rdns[i - 1];
        for (uint32_t k = rdn->count; k > 0; k--) {
            if (go_type(&rdn->attrs[k - 1]) != NULL) continue;
            add_separator(out, ',');
            add_attr(out, &rdn->attrs[k - 1]);
        }
    }
}

struct slice dn_go_name_text(const struct dn *dn, bool well_known_only, struct arena *arena)
{
    struct buf out = { 0 };
    for (uint32_t i = 1; i <= DN_GO_GROUPS; i++) {
        /* A serial number and a common name are single values in Go's struct. */
        struct group group = { .out = &out, .go_group = i, .single = i <= 2 };
        each_attr(dn, add_to_group, &group);
        if (!group.single || group.last == NULL || group.last->value.len == 0) continue;
        add_separator(&out, ',');
        add_attr(&out, group.last);
    }
    if (!well_known_only) add_nameless(&out, dn);
    return take_text(&out, arena);
}

static void add_domain(void *ctx, const struct dn_attr *attr)
{
    struct buf *out = ctx;
    if (!slice_equal_str(slice_str(attr->type), "DC")) return;
    add_separator(out, ',');
    buf_add_str(out, "DC=");
    buf_add(out, attr->value);
}

struct slice dn_domain_text(const struct dn *dn, struct arena *arena)
{
    struct buf out = { 0 };
    each_attr(dn, add_domain, &out);
    return take_text(&out, arena);
}
