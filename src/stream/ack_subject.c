/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/ack_subject.h"

#include "base/assert.h"
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

/* clang-format off */
static const char pairs[] =
    "0001020304050607080910111213141516171819" "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859" "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";
/* clang-format on */

enum { EIGHT_DIGITS = 100000000 };

static_assert(sizeof(pairs) == 201, "two digits for each number below 100");

/* Exactly eight digits. */
static ALWAYS_INLINE void eight_write(uint8_t *at, uint32_t value)
{
    assert(value < EIGHT_DIGITS);
    uint32_t high = value / 10000, low = value % 10000;
    memcpy(at, pairs + high / 100 * 2, 2);
    memcpy(at + 2, pairs + high % 100 * 2, 2);
    memcpy(at + 4, pairs + low / 100 * 2, 2);
    memcpy(at + 6, pairs + low % 100 * 2, 2);
}

/* As many digits as it has; the rest of eight bytes is overwritten with anything. */
static ALWAYS_INLINE uint8_t *short_add(uint8_t *at, uint32_t value)
{
    uint8_t scratch[16] = { 0 };
    eight_write(scratch, value);
    uint32_t digits = 1U + (value >= 10) + (value >= 100) + (value >= 1000) + (value >= 10000) +
                      (value >= 100000) + (value >= 1000000) + (value >= 10000000);
    assert(digits <= 8);
    memcpy(at, scratch + 8 - digits, 8);
    return at + digits;
}

/* Blocks of eight digits do not depend on each other, which is what makes this quick. */
static ALWAYS_INLINE uint8_t *number_add(uint8_t *at, uint64_t value)
{
    if (value < EIGHT_DIGITS) return short_add(at, (uint32_t)value);
    uint64_t high = value / EIGHT_DIGITS;
    if (high < EIGHT_DIGITS) {
        at = short_add(at, (uint32_t)high);
    } else {
        at = short_add(at, (uint32_t)(high / EIGHT_DIGITS));
        eight_write(at, (uint32_t)(high % EIGHT_DIGITS));
        at += 8;
    }
    eight_write(at, (uint32_t)(value % EIGHT_DIGITS));
    return at + 8;
}

uint32_t ack_subject_write(struct slice prefix, const struct ack_info *info, uint8_t *out)
{
    assert(prefix.len > 0);
    assert(prefix.ptr[prefix.len - 1] == '.');
    memcpy(out, prefix.ptr, prefix.len);
    uint8_t *at = number_add(out + prefix.len, info->deliveries);
    *at++ = '.';
    at = number_add(at, info->stream_seq);
    *at++ = '.';
    at = number_add(at, info->consumer_seq);
    *at++ = '.';
    at = number_add(at, info->time);
    *at++ = '.';
    at = number_add(at, info->pending);
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

static uint64_t number_read(struct slice text)
{
    enum { SAFE_DIGITS = 19 }; /* cannot overflow */
    uint64_t value = 0;
    assert(text.len == 0 || text.ptr != NULL);
    if (text.len == 0) return UINT64_MAX;
    if (text.len > SAFE_DIGITS) return slice_to_u64(text, &value) ? value : UINT64_MAX;
    for (uint32_t i = 0; i < text.len; i++) {
        uint32_t digit = (uint32_t)text.ptr[i] - '0';
        if (digit > 9) return UINT64_MAX;
        value = value * 10 + digit;
    }
    assert(value < UINT64_MAX);
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
