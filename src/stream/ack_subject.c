/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ack_subject.h"

#include "base/assert.h"
#include "base/digits.h"
#include "crypto/sha256.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

enum { TOKENS_V1 = 9, TOKENS_V2 = 11, FLOW_TOKENS_V1 = 5, FLOW_TOKENS_V2 = 7 };

void account_hash(struct slice account_name, char ret_hash[ACCOUNT_HASH_LEN])
{
    uint8_t sum[SHA256_SIZE];
    static_assert(sizeof(base62) == 63, "62 characters");
    static_assert((int)ACCOUNT_HASH_LEN <= (int)SHA256_SIZE, "a byte of the sum for each");
    sha256(account_name, sum);
    for (int i = 0; i < ACCOUNT_HASH_LEN; i++) ret_hash[i] = base62[sum[i] % 62];
}

/* ---- writing ---- */

static void token_add(struct buf *out, struct slice token)
{
    assert(token.len > 0);
    assert(slice_find_byte(token, '.') < 0);
    buf_add(out, token);
    buf_add_byte(out, '.');
}

static void place_write(enum ack_version version, const struct ack_place *place, struct buf *out)
{
    assert(version == ACK_V1 || version == ACK_V2);
    if (version == ACK_V2) {
        assert(place->account_hash.len == ACCOUNT_HASH_LEN);
        token_add(out, place->domain.len > 0 ? place->domain : slice_str("_"));
        token_add(out, place->account_hash);
    }
    token_add(out, place->stream);
    token_add(out, place->consumer);
}

void ack_prefix_write(enum ack_version version, const struct ack_place *place, struct buf *out)
{
    assert(place != NULL && out != NULL);
    buf_add_str(out, "$JS.ACK.");
    place_write(version, place, out);
}

void flow_prefix_write(enum ack_version version, const struct ack_place *place, struct buf *out)
{
    assert(place != NULL && out != NULL);
    buf_add_str(out, "$JS.FC.");
    place_write(version, place, out);
}

uint32_t ack_subject_write(struct slice prefix, const struct ack_info *info, uint8_t *out)
{
    assert(prefix.len > 0);
    assert(prefix.ptr[prefix.len - 1] == '.');
    memcpy(out, prefix.ptr, prefix.len);
    uint8_t *at = digits_put(info->deliveries, out + prefix.len);
    *at++ = '.';
    at = digits_put(info->stream_seq, at);
    *at++ = '.';
    at = digits_put(info->consumer_seq, at);
    *at++ = '.';
    at = digits_put(info->time, at);
    *at++ = '.';
    at = digits_put(info->pending, at);
    assert(at <= out + prefix.len + ACK_INFO_SIZE);
    return (uint32_t)(at - out);
}

uint32_t flow_subject_write(struct slice prefix, uint64_t random, uint8_t *out)
{
    assert(prefix.len > 0);
    assert(prefix.ptr[prefix.len - 1] == '.');
    memcpy(out, prefix.ptr, prefix.len);
    for (uint32_t i = 0; i < FLOW_ID_LEN; i++, random /= 62)
        out[prefix.len + i] = (uint8_t)base62[random % 62];
    return prefix.len + FLOW_ID_LEN;
}

/* ---- reading ---- */

/* The first `max` tokens; returns how many there are in all. */
static uint32_t split(struct slice subject, struct slice *ret_tokens, uint32_t max)
{
    uint32_t count = 0, from = 0;
    assert(max > 0);
    for (uint32_t at = 0; at <= subject.len; at++) {
        if (at < subject.len && subject.ptr[at] != '.') continue;
        if (count < max) ret_tokens[count] = (struct slice){ subject.ptr + from, at - from };
        count++;
        from = at + 1;
    }
    assert(count > 0);
    return count;
}

/* What is no number is UINT64_MAX, which no sequence is; what is too large loses its upper bits, as
 * on nats-server. */
static uint64_t number_read(struct slice text)
{
    uint64_t value = 0;
    assert(text.len == 0 || text.ptr != NULL);
    if (text.len == 0) return UINT64_MAX;
    for (uint32_t i = 0; i < text.len; i++) {
        uint32_t digit = (uint32_t)text.ptr[i] - '0';
        if (digit > 9) return UINT64_MAX;
        value = value * 10 + digit;
    }
    return value;
}

static void place_read(enum ack_version version, const struct slice *tokens,
                       struct ack_place *ret_place)
{
    assert(version == ACK_V1 || version == ACK_V2);
    uint32_t at = 2;
    *ret_place = (struct ack_place){ 0 };
    if (version == ACK_V2) {
        ret_place->domain = tokens[at++];
        ret_place->account_hash = tokens[at++];
    }
    ret_place->stream = tokens[at++];
    ret_place->consumer = tokens[at++];
    assert(at == (version == ACK_V2 ? 6 : 4));
}

bool ack_subject_parse(struct slice subject, struct ack_subject *ret)
{
    struct slice tokens[TOKENS_V2];
    if (subject.len == 0) return false;
    static_assert(TOKENS_V2 - TOKENS_V1 == 2, "domain and account hash");
    uint32_t count = split(subject, tokens, TOKENS_V2);
    if (count != TOKENS_V1 && count < TOKENS_V2) return false;
    if (!slice_equal_str(tokens[0], "$JS") || !slice_equal_str(tokens[1], "ACK")) return false;
    ret->version = count == TOKENS_V1 ? ACK_V1 : ACK_V2;
    place_read(ret->version, tokens, &ret->place);
    const struct slice *number = tokens + (ret->version == ACK_V1 ? 4 : 6);
    ret->info.deliveries = number_read(number[0]);
    ret->info.stream_seq = number_read(number[1]);
    ret->info.consumer_seq = number_read(number[2]);
    ret->info.time = number_read(number[3]);
    ret->info.pending = number_read(number[4]);
    assert(number + 5 <= tokens + TOKENS_V2);
    return true;
}

bool flow_subject_parse(struct slice subject, enum ack_version *ret_version,
                        struct ack_place *ret_place)
{
    struct slice tokens[FLOW_TOKENS_V2];
    if (subject.len == 0) return false;
    assert(ret_version != NULL && ret_place != NULL);
    uint32_t count = split(subject, tokens, FLOW_TOKENS_V2);
    if (count != FLOW_TOKENS_V1 && count != FLOW_TOKENS_V2) return false;
    if (!slice_equal_str(tokens[0], "$JS") || !slice_equal_str(tokens[1], "FC")) return false;
    *ret_version = count == FLOW_TOKENS_V1 ? ACK_V1 : ACK_V2;
    place_read(*ret_version, tokens, ret_place);
    assert(ret_place->stream.ptr != NULL);
    return true;
}

bool ack_place_fits(enum ack_version version, const struct ack_place *parsed,
                    const struct ack_place *own)
{
    assert(version == ACK_V1 || version == ACK_V2);
    if (version == ACK_V1) return true;
    assert(own->account_hash.len == ACCOUNT_HASH_LEN);
    struct slice domain = own->domain.len > 0 ? own->domain : slice_str("_");
    return slice_equal(parsed->domain, domain) &&
           slice_equal(parsed->account_hash, own->account_hash);
}
