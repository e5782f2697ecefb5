/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/exposition.h"

#include "base/assert.h"
#include "json/utf8.h"
#include "json/writer.h"

static bool may_stand(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

void exposition_family(struct exposition *e, const char *prefix, const char *name, const char *type,
                       const char *help)
{
    uint32_t len = 0;
    for (const char *p = prefix; *p != '\0'; p++) e->name[len++] = *p;
    for (const char *p = name; *p != '\0'; p++) {
        assert(len + 1 < EXPOSITION_NAME);
        if (may_stand(*p)) e->name[len++] = *p;
    }
    e->name[len] = '\0';
    buf_printf(e->out, "# HELP %s %s\n# TYPE %s %s\n", e->name, help, e->name, type);
}

/* Backslash, quote and line end are escaped; what is not UTF-8 becomes U+FFFD. */
static void add_label_value(struct buf *out, struct slice s)
{
    while (s.len > 0) {
        uint32_t rune;
        uint32_t len = utf8_next(s, &rune);
        if (len == 0) buf_add_str(out, "\xef\xbf\xbd");
        else if (rune == '\\' || rune == '"') buf_printf(out, "\\%c", (char)rune);
        else if (rune == '\n') buf_add_str(out, "\\n");
        else buf_add(out, slice_first(s, len));
        s = slice_from(s, len > 0 ? len : 1);
    }
}

static void sample(struct exposition *e, const struct label *labels, uint32_t count)
{
    buf_add_str(e->out, e->name);
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(e->out, "%c%s=\"", i == 0 ? '{' : ',', labels[i].name);
        add_label_value(e->out, slice_str(labels[i].value));
        buf_add_byte(e->out, '"');
    }
    buf_add_str(e->out, count > 0 ? "} " : " ");
}

void exposition_u64(struct exposition *e, const struct label *labels, uint32_t count,
                    uint64_t value)
{
    sample(e, labels, count);
    buf_printf(e->out, "%llu\n", (unsigned long long)value);
}

void exposition_i64(struct exposition *e, const struct label *labels, uint32_t count, int64_t value)
{
    sample(e, labels, count);
    buf_printf(e->out, "%lld\n", (long long)value);
}

void exposition_double(struct exposition *e, const struct label *labels, uint32_t count,
                       double value)
{
    char text[JSON_DOUBLE_SIZE];
    sample(e, labels, count);
    buf_printf(e->out, "%s\n", json_double_text(value, text));
}
