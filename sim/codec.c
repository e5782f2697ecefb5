/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/codec.h"

#include "base/assert.h"

enum { WORDS_MAX = 6 };

/* Exactly one blank between words, none at the ends: what the server writes, not what it reads. */
static uint32_t split(struct slice line, struct slice words[WORDS_MAX])
{
    uint32_t count = 0;
    while (count < WORDS_MAX) {
        struct slice word;
        bool more = slice_cut(&line, ' ', &word);
        if (word.len == 0) return 0;
        words[count++] = word;
        if (!more) return count;
    }
    return 0;
}

static bool sizes(const struct slice *words, uint32_t count, struct sim_op *op, uint64_t *ret_head,
                  uint64_t *ret_all)
{
    uint32_t last = op->verb == SIM_HMSG ? 2 : 1;
    if (count < 2 + last || count > 3 + last) return false;
    op->subject = words[0];
    op->sid = words[1];
    op->reply = count == 3 + last ? words[2] : (struct slice){ 0 };
    *ret_head = 0;
    if (last == 2 && !slice_to_u64(words[count - 2], ret_head)) return false;
    return slice_to_u64(words[count - 1], ret_all) && *ret_all >= *ret_head &&
           *ret_all < 64 * 1024 * 1024;
}

/* `after`: offset of the body in `in`. */
static enum sim_parse message(struct slice in, struct slice args, uint32_t after, struct sim_op *op,
                              uint32_t *ret_used)
{
    struct slice words[WORDS_MAX];
    uint64_t head, all;
    if (!sizes(words, split(args, words), op, &head, &all)) return SIM_PARSE_BAD;
    if (in.len < after + all + 2) return SIM_PARSE_MORE;
    const uint8_t *body = in.ptr + after;
    if (body[all] != '\r' || body[all + 1] != '\n') return SIM_PARSE_BAD;
    op->headers = slice_of(body, head);
    op->payload = slice_of(body + head, all - head);
    *ret_used = after + (uint32_t)all + 2;
    return SIM_PARSE_OP;
}

static bool is_word(struct slice line, const char *word)
{
    return slice_equal(line, slice_str(word));
}

enum sim_parse sim_codec_next(struct slice in, struct sim_op *op, uint32_t *ret_used)
{
    int64_t end = slice_find_byte(in, '\n');
    *op = (struct sim_op){ 0 };
    if (end < 0) return SIM_PARSE_MORE;
    if (end == 0 || in.ptr[end - 1] != '\r') return SIM_PARSE_BAD;
    struct slice line = slice_of(in.ptr, (size_t)end - 1);
    *ret_used = (uint32_t)end + 1;
    if (slice_starts(line, SLICE_LIT("MSG "))) {
        op->verb = SIM_MSG;
        return message(in, slice_from(line, 4), *ret_used, op, ret_used);
    }
    if (slice_starts(line, SLICE_LIT("HMSG "))) {
        op->verb = SIM_HMSG;
        return message(in, slice_from(line, 5), *ret_used, op, ret_used);
    }
    op->verb = SIM_OK;
    if (is_word(line, "+OK")) return SIM_PARSE_OP;
    op->verb = SIM_PING;
    if (is_word(line, "PING")) return SIM_PARSE_OP;
    op->verb = SIM_PONG;
    if (is_word(line, "PONG")) return SIM_PARSE_OP;
    op->verb = SIM_INFO;
    op->text = slice_from(line, 5);
    if (slice_starts(line, SLICE_LIT("INFO {"))) return SIM_PARSE_OP;
    op->verb = SIM_ERR;
    if (!slice_starts(line, SLICE_LIT("-ERR '")) || line.len < 7 || line.ptr[line.len - 1] != '\'')
        return SIM_PARSE_BAD;
    op->text = slice_of(line.ptr + 6, line.len - 7);
    return SIM_PARSE_OP;
}

void sim_codec_pub(struct buf *b, struct slice subject, struct slice reply, struct slice headers,
                   struct slice payload)
{
    buf_add_str(b, headers.len > 0 ? "HPUB " : "PUB ");
    buf_add(b, subject);
    buf_add_byte(b, ' ');
    if (reply.len > 0) {
        buf_add(b, reply);
        buf_add_byte(b, ' ');
    }
    if (headers.len > 0) buf_printf(b, "%u ", headers.len);
    buf_printf(b, "%u\r\n", headers.len + payload.len);
    buf_add(b, headers);
    buf_add(b, payload);
    buf_add_str(b, "\r\n");
}

void sim_codec_sub(struct buf *b, struct slice subject, struct slice queue, uint32_t sid)
{
    buf_add_str(b, "SUB ");
    buf_add(b, subject);
    if (queue.len > 0) buf_printf(b, " %.*s", SLICE_ARGS(queue));
    buf_printf(b, " %u\r\n", sid);
}

void sim_codec_unsub(struct buf *b, uint32_t sid, uint32_t max)
{
    if (max > 0) buf_printf(b, "UNSUB %u %u\r\n", sid, max);
    else buf_printf(b, "UNSUB %u\r\n", sid);
}
