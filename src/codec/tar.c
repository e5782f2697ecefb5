/* SPDX-License-Identifier: Apache-2.0 */
/* An archive is blocks of 512 bytes: a header, then the content filled up to whole blocks. Of a
 * header (POSIX 1003.1, "ustar"):
 *
 *     0  100  name, ended by NUL unless it fills the field
 *   124   12  size, octal digits; GNU: big-endian binary when the first bit is set
 *   148    8  sum of all bytes, this field taken as blanks
 *   156    1  type
 *   257    6  "ustar\0", GNU: "ustar "
 *   345  155  POSIX only: what stands before the name and a '/'
 *   482    1  type S: more blocks of a sparse file's map follow, each with such a flag at 504
 *
 * Two headers of zeros are the end. */
#include "codec/tar.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/buf.h"

enum { BLOCK = 512, SUM_AT = 148, SUM_LEN = 8, MORE_AT = 482, MORE_NEXT_AT = 504 };

enum type {
    TYPE_FILE_OLD = '\0',
    TYPE_FILE = '0',
    TYPE_HARD_LINK = '1',
    TYPE_SYMBOLIC_LINK = '2',
    TYPE_CHARACTERS = '3',
    TYPE_BLOCKS = '4',
    TYPE_DIRECTORY = '5',
    TYPE_PIPE = '6',
    TYPE_CONTIGUOUS = '7',
    TYPE_GNU_SPARSE = 'S',
    TYPE_GNU_LONG_NAME = 'L',
    TYPE_GNU_LONG_LINK = 'K',
    TYPE_PAX = 'x',
    TYPE_PAX_GLOBAL = 'g',
};

/* What extended headers said of the entry that comes next. */
struct attributes {
    struct buf path, long_name;
    bool has_path, has_long_name, has_size, is_sparse;
    uint64_t size;
};

struct tar_reader {
    struct tar_limits limits;
    uint64_t entries;
    uint8_t block[BLOCK];
    uint32_t block_len;
    struct buf meta; /* an extended header */
    uint64_t meta_left;
    uint8_t meta_type;
    struct attributes next;
    struct buf name; /* of the entry that was given last */
    uint64_t data_left, skip_left;
    uint32_t pad; /* behind the data */
    bool zeros_seen, in_map;
    enum tar_verdict end; /* DONE, BAD, LIMIT, or MORE while none of them */
};

struct tar_reader *tar_reader_new(const struct tar_limits *limits)
{
    struct tar_reader *r = xcalloc(1, sizeof *r);
    r->limits = *limits;
    r->end = TAR_MORE;
    return r;
}

static void attributes_forget(struct attributes *a)
{
    buf_deinit(&a->path);
    buf_deinit(&a->long_name);
    *a = (struct attributes){ 0 };
}

struct tar_reader *tar_reader_free(struct tar_reader *r)
{
    if (r == NULL) return NULL;
    attributes_forget(&r->next);
    buf_deinit(&r->meta);
    buf_deinit(&r->name);
    xfree(r);
    return NULL;
}

bool tar_reader_is_between(const struct tar_reader *r)
{
    bool expects = r->next.has_path || r->next.has_long_name || r->next.has_size;
    bool inside = r->block_len > 0 || r->meta_left > 0 || r->data_left > 0 || r->skip_left > 0;
    return r->end == TAR_MORE && !expects && !inside && !r->in_map;
}

static enum tar_verdict fail(struct tar_reader *r, enum tar_verdict why)
{
    r->end = why;
    return why;
}

static uint32_t pad_of(uint64_t size)
{
    return (uint32_t)(BLOCK - size % BLOCK) % BLOCK;
}

static struct slice until_nul(struct slice s)
{
    int64_t nul = slice_find_byte(s, '\0');
    return nul < 0 ? s : slice_first(s, (uint32_t)nul);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\0';
}

static bool binary_read(struct slice s, uint64_t *ret_value)
{
    uint64_t value = s.ptr[0] & 0x7f;
    if (value >= 0x40) return false; /* negative */
    for (uint32_t i = 1; i < s.len; i++) {
        if (value >> 55 != 0) return false; /* what is over 63 bits is no size */
        value = value << 8 | s.ptr[i];
    }
    *ret_value = value;
    return true;
}

static bool number_read(struct slice s, uint64_t *ret_value)
{
    if (s.ptr[0] & 0x80) return binary_read(s, ret_value);
    while (s.len > 0 && is_blank(s.ptr[s.len - 1])) s.len--;
    while (s.len > 0 && is_blank(s.ptr[0])) s = slice_from(s, 1);
    uint64_t value = 0;
    for (uint32_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '7') return false;
        value = value << 3 | (uint64_t)(s.ptr[i] - '0');
    }
    *ret_value = value;
    return true;
}

/* Some old programs summed signed characters. */
static bool sum_is_right(const uint8_t block[BLOCK])
{
    uint64_t said;
    int64_t plain = 0, with_sign = 0;
    if (!number_read(slice_of(block + SUM_AT, SUM_LEN), &said)) return false;
    for (int i = 0; i < BLOCK; i++) {
        bool in_sum = i >= SUM_AT && i < SUM_AT + SUM_LEN;
        plain += in_sum ? ' ' : block[i];
        with_sign += in_sum ? ' ' : (int8_t)block[i];
    }
    return said == (uint64_t)plain || (int64_t)said == with_sign;
}

static bool is_zeros(const uint8_t block[BLOCK])
{
    for (int i = 0; i < BLOCK; i++)
        if (block[i] != 0) return false;
    return true;
}

/* One "LEN key=value\n" off the front; LEN counts itself. */
static bool record_take(struct slice *s, struct slice *ret_key, struct slice *ret_value)
{
    struct slice rest = *s, digits;
    uint64_t len;
    if (!slice_cut(&rest, ' ', &digits) || digits.len > 10) return false;
    if (!slice_to_u64(digits, &len) || len > s->len || len <= digits.len + 1) return false;
    struct slice record = slice_first(rest, (uint32_t)len - digits.len - 1);
    *s = slice_from(*s, (uint32_t)len);
    if (record.ptr[record.len - 1] != '\n') return false;
    record.len--;
    *ret_value = record;
    return slice_cut(ret_value, '=', ret_key) && ret_key->len > 0;
}

static bool pax_apply(struct attributes *a, struct slice s)
{
    struct slice key, value;
    while (s.len > 0) {
        if (!record_take(&s, &key, &value)) return false;
        if (slice_starts(key, SLICE_LIT("GNU.sparse."))) a->is_sparse = true;
        if (value.len == 0) continue; /* as if it were not there */
        if (slice_equal_str(key, "path")) {
            a->path.len = 0;
            buf_add(&a->path, value);
            a->has_path = true;
        } else if (slice_equal_str(key, "size")) {
            if (!slice_to_u64(value, &a->size) || a->size > INT64_MAX) return false;
            a->has_size = true;
        }
    }
    return true;
}

static enum tar_verdict meta_apply(struct tar_reader *r)
{
    struct slice s = buf_slice(&r->meta);
    if (r->meta_type == TYPE_PAX && !pax_apply(&r->next, s)) return fail(r, TAR_BAD);
    if (r->meta_type == TYPE_GNU_LONG_NAME) {
        r->next.long_name.len = 0;
        buf_add(&r->next.long_name, until_nul(s));
        r->next.has_long_name = r->next.long_name.len > 0;
    }
    return TAR_MORE;
}

static enum tar_verdict meta_begin(struct tar_reader *r, uint8_t type, uint64_t size)
{
    r->pad = pad_of(size);
    if (type == TYPE_PAX_GLOBAL || type == TYPE_GNU_LONG_LINK) {
        r->skip_left = size + r->pad;
        return TAR_MORE;
    }
    if (size > r->limits.header_max) return fail(r, TAR_LIMIT);
    r->meta.len = 0;
    r->meta_type = type;
    r->meta_left = size;
    return size == 0 ? meta_apply(r) : TAR_MORE;
}

/* How the content of an entry is treated, by its type. */
static enum tar_kind kind_of(uint8_t type, struct slice name, bool is_sparse, bool *ret_has_content)
{
    *ret_has_content = false;
    switch (type) {
    case TYPE_DIRECTORY: return TAR_DIRECTORY;
    case TYPE_HARD_LINK:
    case TYPE_SYMBOLIC_LINK: return TAR_LINK;
    case TYPE_CHARACTERS:
    case TYPE_BLOCKS:
    case TYPE_PIPE: return TAR_OTHER;
    case TYPE_FILE_OLD:
        if (name.len > 0 && name.ptr[name.len - 1] == '/') return TAR_DIRECTORY;
        break;
    case TYPE_FILE:
    case TYPE_CONTIGUOUS: break;
    default: is_sparse = true; /* as strange */
    }
    *ret_has_content = true;
    return is_sparse ? TAR_OTHER : TAR_FILE;
}

static void name_set(struct tar_reader *r)
{
    const struct attributes *a = &r->next;
    struct slice block = slice_of(r->block, BLOCK);
    r->name.len = 0;
    if (a->has_long_name || a->has_path) {
        buf_add(&r->name, buf_slice(a->has_long_name ? &a->long_name : &a->path));
        return;
    }
    if (slice_starts(slice_from(block, 257), SLICE_LIT("ustar\0"))) {
        buf_add(&r->name, until_nul(slice_first(slice_from(block, 345), 155)));
        if (r->name.len > 0) buf_add_byte(&r->name, '/');
    }
    buf_add(&r->name, until_nul(slice_first(block, 100)));
}

static enum tar_verdict entry_begin(struct tar_reader *r, uint64_t size,
                                    struct tar_entry *ret_entry)
{
    uint8_t type = r->block[156];
    bool has_content;
    name_set(r);
    if (r->next.has_size) size = r->next.size;
    struct slice name = buf_slice(&r->name);
    enum tar_kind kind = kind_of(type, name, r->next.is_sparse, &has_content);
    if (!has_content) size = 0;
    attributes_forget(&r->next);
    if (name.len > r->limits.name_max || r->entries == r->limits.entries) return fail(r, TAR_LIMIT);
    if (kind == TAR_FILE && size > r->limits.size_max) return fail(r, TAR_LIMIT);
    r->entries++;
    r->pad = pad_of(size);
    if (kind == TAR_FILE) r->data_left = size;
    else r->skip_left = size + r->pad;
    r->in_map = type == TYPE_GNU_SPARSE && r->block[MORE_AT] != 0;
    *ret_entry = (struct tar_entry){ .kind = kind, .name = name, .size = size };
    return TAR_ENTRY;
}

/* A whole block where a header stands. MORE: it was none of an entry. */
static enum tar_verdict header_read(struct tar_reader *r, struct tar_entry *ret_entry)
{
    uint64_t size;
    if (r->in_map) {
        r->in_map = r->block[MORE_NEXT_AT] != 0;
        return TAR_MORE;
    }
    if (is_zeros(r->block)) {
        if (r->zeros_seen) return fail(r, TAR_DONE);
        r->zeros_seen = true;
        return TAR_MORE;
    }
    if (r->zeros_seen || !sum_is_right(r->block)) return fail(r, TAR_BAD);
    if (!number_read(slice_of(r->block + 124, 12), &size)) return fail(r, TAR_BAD);
    switch (r->block[156]) {
    case TYPE_PAX:
    case TYPE_PAX_GLOBAL:
    case TYPE_GNU_LONG_NAME:
    case TYPE_GNU_LONG_LINK: return meta_begin(r, r->block[156], size);
    default: return entry_begin(r, size, ret_entry);
    }
}

static struct slice cut(struct slice *in, uint64_t len)
{
    struct slice head = slice_first(*in, len < in->len ? (uint32_t)len : in->len);
    *in = slice_from(*in, head.len);
    return head;
}

/* One step with what `in` begins with. MORE: go on while there is input. */
static enum tar_verdict step(struct tar_reader *r, struct slice *in, struct tar_entry *ret_entry,
                             struct slice *ret_data)
{
    if (r->data_left > 0) {
        *ret_data = cut(in, r->data_left);
        r->data_left -= ret_data->len;
        if (r->data_left == 0) r->skip_left = r->pad;
        return TAR_DATA;
    }
    /* the map of a sparse file stands between its header and what is skipped of it */
    if (r->skip_left > 0 && !r->in_map) {
        r->skip_left -= cut(in, r->skip_left).len;
        return TAR_MORE;
    }
    if (r->meta_left > 0) {
        struct slice part = cut(in, r->meta_left);
        buf_add(&r->meta, part);
        r->meta_left -= part.len;
        if (r->meta_left > 0) return TAR_MORE;
        r->skip_left = r->pad;
        return meta_apply(r);
    }
    struct slice part = cut(in, BLOCK - r->block_len);
    memcpy(r->block + r->block_len, part.ptr, part.len);
    r->block_len += part.len;
    if (r->block_len < BLOCK) return TAR_MORE;
    r->block_len = 0;
    return header_read(r, ret_entry);
}

enum tar_verdict tar_reader_next(struct tar_reader *r, struct slice *in,
                                 struct tar_entry *ret_entry, struct slice *ret_data)
{
    while (r->end == TAR_MORE && in->len > 0) {
        enum tar_verdict v = step(r, in, ret_entry, ret_data);
        if (v == TAR_ENTRY || v == TAR_DATA) return v;
    }
    return r->end;
}
