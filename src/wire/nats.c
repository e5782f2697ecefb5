/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/nats.h"

#include "base/assert.h"

enum { ARGS_MAX = 4, SIZE_DIGITS_MAX = 9 };

/* What must stand behind a verb. */
enum line_end {
    LINE_ANY,   /* anything */
    LINE_BLANK, /* a blank, as between arguments */
};

struct verb {
    const char *name; /* lower case */
    uint32_t len;
    enum nats_verb verb;
    enum line_end end;
    enum nats_parse (*parse)(const struct nats_limits *, struct nats_op *);
};

static enum nats_parse parse_pub(const struct nats_limits *, struct nats_op *);
static enum nats_parse parse_hpub(const struct nats_limits *, struct nats_op *);
static enum nats_parse parse_sub(const struct nats_limits *, struct nats_op *);
static enum nats_parse parse_unsub(const struct nats_limits *, struct nats_op *);
static enum nats_parse parse_text(const struct nats_limits *, struct nats_op *);

/* CONNECT and INFO need no blank before their JSON, and nothing there is bad JSON: nats-server
 * replies so. */
static const struct verb verbs[] = {
    { "pub",     3, NATS_PUB,     LINE_BLANK, parse_pub   },
    { "hpub",    4, NATS_HPUB,    LINE_BLANK, parse_hpub  },
    { "sub",     3, NATS_SUB,     LINE_BLANK, parse_sub   },
    { "unsub",   5, NATS_UNSUB,   LINE_BLANK, parse_unsub },
    { "ping",    4, NATS_PING,    LINE_ANY,   parse_text  },
    { "pong",    4, NATS_PONG,    LINE_ANY,   parse_text  },
    { "connect", 7, NATS_CONNECT, LINE_ANY,   parse_text  },
    { "info",    4, NATS_INFO,    LINE_ANY,   parse_text  },
    { "+ok",     3, NATS_OK,      LINE_ANY,   parse_text  },
    { "-err",    4, NATS_ERR,     LINE_BLANK, parse_text  },
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool same_letters(const uint8_t *at, const char *lower, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        uint8_t c = at[i] >= 'A' && at[i] <= 'Z' ? (uint8_t)(at[i] + ('a' - 'A')) : at[i];
        if (c != (uint8_t)lower[i]) return false;
    }
    return true;
}

/* The verb that the bytes begin with; also when they end inside it (`*ret_whole` is false then). A
 * verb with arguments is whole only with the blank behind it. */
static const struct verb *verb_find(struct slice in, bool *ret_whole)
{
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        const struct verb *v = &verbs[i];
        uint32_t len = in.len < v->len ? in.len : v->len;
        if (!same_letters(in.ptr, v->name, len)) continue;
        *ret_whole = in.len > v->len;
        if (*ret_whole && v->end == LINE_BLANK && !is_blank(in.ptr[v->len])) return NULL;
        return v;
    }
    return NULL;
}

/* SUB and UNSUB take a CR for a blank too, PUB does not: so does nats-server. */
static bool is_gap(uint8_t c)
{
    return is_blank(c) || c == '\r';
}

/* Splits at blanks. Returns how many there are; more than `max` only counts as max + 1. */
static inline uint32_t split(struct slice text, bool (*is_between)(uint8_t), struct slice *args,
                             uint32_t max)
{
    uint32_t count = 0;
    uint32_t at = 0;
    for (;;) {
        while (at < text.len && is_between(text.ptr[at])) at++;
        if (at == text.len) return count;
        if (count == max) return max + 1;
        uint32_t from = at;
        while (at < text.len && !is_between(text.ptr[at])) at++;
        args[count++] = slice_of(text.ptr + from, at - from);
    }
}

static bool parse_size(struct slice text, uint32_t *ret_size)
{
    uint64_t value;
    if (text.len > SIZE_DIGITS_MAX || !slice_to_u64(text, &value)) return false;
    *ret_size = (uint32_t)value;
    return true;
}

/* Takes what is wrong from nats-server's log: tools look for these words. */
static enum nats_parse refuse(struct nats_op *op, const char *wrong)
{
    op->wrong = wrong;
    return NATS_PARSE_ARGS;
}

static enum nats_parse parse_text(const struct nats_limits *limits, struct nats_op *op)
{
    (void)limits;
    (void)op;
    return NATS_PARSE_OP;
}

static enum nats_parse parse_sub(const struct nats_limits *limits, struct nats_op *op)
{
    (void)limits;
    struct slice args[3];
    uint32_t count = split(op->args, is_gap, args, 3);
    if (count < 2 || count > 3) return refuse(op, "processSub Parse Error");
    op->subject = args[0];
    if (count == 3) op->queue = args[1];
    op->sid = args[count - 1];
    return NATS_PARSE_OP;
}

static enum nats_parse parse_unsub(const struct nats_limits *limits, struct nats_op *op)
{
    (void)limits;
    struct slice args[2];
    uint32_t count = split(op->args, is_gap, args, 2);
    uint32_t max = 0;
    if (count < 1 || count > 2) return refuse(op, "processUnsub Parse Error");
    op->sid = args[0];
    if (count == 2 && parse_size(args[1], &max))
        op->max = max; /* a bad count means now, as for nats-server */
    return NATS_PARSE_OP;
}

/* Sizes against the limits; the body's length is put in place, its bytes come later. */
static enum nats_parse set_sizes(const struct nats_limits *limits, struct nats_op *op,
                                 uint32_t total)
{
    if (op->header_len > total)
        return refuse(op, "processHeaderPub Header Size larger then TotalSize");
    if (limits->max_payload >= 0 && total > limits->max_payload) return NATS_PARSE_PAYLOAD;
    op->body.len = total;
    return NATS_PARSE_OP;
}

/* `b` stands one space behind `a`. */
static bool is_next(struct slice a, struct slice b)
{
    return b.ptr == a.ptr + a.len + 1 && a.ptr[a.len] == ' ';
}

/* The tail may be sent on when single spaces stand between the arguments and nothing stands behind
 * them. */
static void set_tail(struct nats_op *op)
{
    struct slice first = op->reply.len > 0 ? op->reply : op->sizes;
    const uint8_t *end = op->args.ptr + op->args.len;
    op->tail.ptr = first.ptr;
    op->canonical = is_next(op->subject, first) &&
                    (op->reply.len == 0 || is_next(op->reply, op->sizes)) &&
                    op->sizes.ptr + op->sizes.len == end;
}

static enum nats_parse parse_pub(const struct nats_limits *limits, struct nats_op *op)
{
    struct slice args[3];
    uint32_t total;
    uint32_t count = split(op->args, is_blank, args, 3);
    if (count < 2 || count > 3) return refuse(op, "processPub Parse Error");
    if (!parse_size(args[count - 1], &total)) return refuse(op, "processPub Bad or Missing Size");
    op->subject = args[0];
    if (count == 3) op->reply = args[1];
    op->sizes = args[count - 1];
    set_tail(op);
    return set_sizes(limits, op, total);
}

static enum nats_parse parse_hpub(const struct nats_limits *limits, struct nats_op *op)
{
    struct slice args[ARGS_MAX];
    uint32_t total;
    if (!limits->headers) return refuse(op, "message headers not supported");
    uint32_t count = split(op->args, is_blank, args, ARGS_MAX);
    if (count < 3 || count > ARGS_MAX) return refuse(op, "processHeaderPub Parse Error");
    struct slice header_size = args[count - 2], total_size = args[count - 1];
    if (!parse_size(header_size, &op->header_len))
        return refuse(op, "processHeaderPub Bad or Missing Header Size");
    if (!parse_size(total_size, &total))
        return refuse(op, "processHeaderPub Bad or Missing Total Size");
    op->subject = args[0];
    if (count == ARGS_MAX) op->reply = args[1];
    op->sizes = slice_of(header_size.ptr,
                         (size_t)(total_size.ptr + total_size.len - header_size.ptr));
    set_tail(op);
    if (!is_next(header_size, total_size)) op->canonical = false;
    return set_sizes(limits, op, total);
}

/* The body of `op` and its end; `head` is the length of the line with its end. */
static enum nats_parse take_body(struct slice in, struct nats_op *op, uint32_t head,
                                 uint32_t *ret_used, uint64_t *ret_need)
{
    uint64_t frame = (uint64_t)head + op->body.len + 2;
    uint64_t end = frame - 2;
    if (in.len > end && in.ptr[end] != '\r') return NATS_PARSE_END;
    if (in.len < frame) {
        *ret_need = frame;
        return NATS_PARSE_MORE;
    }
    if (in.ptr[end + 1] != '\n') return NATS_PARSE_END;
    op->body.ptr = in.ptr + head;
    if (in.ptr[head - 2] != '\r') op->canonical = false;
    op->tail.len = (uint32_t)(in.ptr + frame - op->tail.ptr);
    *ret_used = (uint32_t)frame;
    return NATS_PARSE_OP;
}

/* The form that every client library sends: "PUB subject [reply ]size\r\n", single spaces,
 * capitals. Sizes are read backwards from the line's end. False: some other form, or an error that
 * the general way words. */
static bool take_common_pub(const struct nats_limits *limits, struct slice in, const uint8_t *eol,
                            struct nats_op *op)
{
    const uint8_t *first = in.ptr + 4, *end = eol - 1, *digits = end;
    if (eol - in.ptr < 8 || memcmp(in.ptr, "PUB ", 4) != 0 || *end != '\r') return false;
    uint32_t size = 0, unit = 1;
    while (digits > first && digits[-1] >= '0' && digits[-1] <= '9' &&
           end - digits < SIZE_DIGITS_MAX) {
        digits--;
        size += (uint32_t)(*digits - '0') * unit;
        unit *= 10;
    }
    if (digits == end || digits - first < 2 || digits[-1] != ' ') return false;
    if ((uint64_t)(end - first) > limits->max_control_line) return false;
    if (limits->max_payload >= 0 && size > limits->max_payload) return false;
    struct slice names = slice_of(first, (size_t)(digits - 1 - first));
    if (memchr(names.ptr, '\t', names.len) != NULL) return false;
    const uint8_t *space = memchr(names.ptr, ' ', names.len);
    const uint8_t *subject_end = space == NULL ? digits - 1 : space;
    struct slice reply = space == NULL ? (struct slice){ 0 }
                                       : slice_of(space + 1, (size_t)(digits - 2 - space));
    if (subject_end == first ||
        (space != NULL && (reply.len == 0 || memchr(reply.ptr, ' ', reply.len) != NULL)))
        return false;
    /* One by one: zeroing the whole struct costs a fifth of the parser's time. */
    op->verb = NATS_PUB;
    op->canonical = true;
    op->line = slice_of(in.ptr, (size_t)(end - in.ptr));
    op->subject = slice_of(first, (size_t)(subject_end - first));
    op->reply = reply;
    op->sizes = slice_of(digits, (size_t)(end - digits));
    op->header_len = 0;
    op->body.len = size;
    op->tail.ptr = subject_end + 1;
    return true;
}

/* No line end yet: is it a line that may still become one of ours, and within the limit? */
static enum nats_parse judge_cut(const struct nats_limits *limits, struct slice in)
{
    bool whole = false;
    const struct verb *v = verb_find(in, &whole);
    if (v == NULL) return NATS_PARSE_UNKNOWN;
    if (!whole) return NATS_PARSE_MORE;
    uint32_t at = v->len;
    while (at < in.len && is_blank(in.ptr[at])) at++;
    uint32_t args_len = in.len - at;
    if (args_len > 0 && in.ptr[in.len - 1] == '\r') args_len--;
    return args_len > limits->max_control_line ? NATS_PARSE_LINE : NATS_PARSE_MORE;
}

enum nats_parse nats_next(const struct nats_limits *limits, struct slice in, struct nats_op *ret_op,
                          uint32_t *ret_used, uint64_t *ret_need)
{
    *ret_need = 0;
    if (in.len == 0) return NATS_PARSE_MORE;
    const uint8_t *eol = memchr(in.ptr, '\n', in.len);
    if (eol == NULL) return judge_cut(limits, in);

    uint32_t head = (uint32_t)(eol - in.ptr) + 1;
    if (LIKELY(take_common_pub(limits, in, eol, ret_op)))
        return take_body(in, ret_op, head, ret_used, ret_need);
    struct slice line = slice_of(in.ptr, head - 1);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') line.len--;
    bool whole = false;
    const struct verb *v = verb_find(slice_of(in.ptr, head), &whole);
    if (v == NULL || !whole) return NATS_PARSE_UNKNOWN;

    uint32_t at = v->len;
    while (at < line.len && is_blank(line.ptr[at])) at++;
    *ret_op = (struct nats_op){ .verb = v->verb, .line = line, .args = slice_from(line, at) };
    if (ret_op->args.len > limits->max_control_line) return NATS_PARSE_LINE;
    enum nats_parse got = v->parse(limits, ret_op);
    if (got != NATS_PARSE_OP) return got;
    if (v->verb == NATS_PUB || v->verb == NATS_HPUB)
        return take_body(in, ret_op, head, ret_used, ret_need);
    *ret_used = head;
    return NATS_PARSE_OP;
}
