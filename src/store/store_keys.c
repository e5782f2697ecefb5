/* SPDX-License-Identifier: Apache-2.0 */
/* What is sealed says nothing of its key: it is opened with the current one, and when that fails
 * with the others, of which there are few. */
#include "base/alloc.h"
#include "base/assert.h"
#include "store/store_internal.h"

struct store_keys {
    struct seal *seals[IDENTITY_KEYS_MAX];
    uint32_t count;
    struct seal *current; /* one of them; NULL: what is written stays plain */
};

struct plain_keys {
    uint8_t at[IDENTITY_KEYS_MAX][SEAL_KEY_SIZE];
};

static struct seal *seal_make(enum seal_cipher cipher, const uint8_t key[SEAL_KEY_SIZE],
                              struct entropy *entropy)
{
    uint8_t drawn[SEAL_DRAWN_SIZE];
    assert(entropy != NULL);
    assert((uint32_t)cipher < SEAL_CIPHERS);
    entropy->fill(entropy, drawn, sizeof drawn);
    return seal_new(cipher, key, drawn);
}

/* Of a configured key: it wraps all data keys. */
static struct seal *wrapping_make(const struct store_identity *i, struct slice key,
                                  struct entropy *entropy)
{
    uint8_t derived[SEAL_KEY_SIZE];
    assert(key.len > 0);
    seal_derive(key, i->salt, derived);
    struct seal *s = seal_make(SEAL_CHACHA, derived, entropy);
    seal_wipe(derived, sizeof derived);
    return s;
}

static enum err unwrap_all(const struct store_identity *i, struct slice key,
                           struct entropy *entropy, struct plain_keys *ret)
{
    uint8_t context[IDENTITY_CONTEXT_SIZE];
    if (key.len == 0) return ERR_DENIED;
    struct seal *wrapping = wrapping_make(i, key, entropy);
    enum err e = ERR_OK;
    assert(i->keys_count > 0 && i->keys_count <= IDENTITY_KEYS_MAX);
    for (uint32_t k = 0; k < i->keys_count && !e; k++) {
        identity_key_context(i, &i->keys[k], context);
        e = seal_unwrap(wrapping, slice_of(context, sizeof context), i->keys[k].wrapped,
                        ret->at[k]);
    }
    wrapping = seal_free(wrapping);
    assert(wrapping == NULL);
    return e ? ERR_DENIED : ERR_OK;
}

static void wrap_all(struct store_identity *i, struct slice key, struct entropy *entropy,
                     const struct plain_keys *plain)
{
    uint8_t context[IDENTITY_CONTEXT_SIZE];
    struct seal *wrapping = wrapping_make(i, key, entropy);
    assert(i->keys_count > 0);
    for (uint32_t k = 0; k < i->keys_count; k++) {
        identity_key_context(i, &i->keys[k], context);
        seal_wrap(wrapping, slice_of(context, sizeof context), plain->at[k], i->keys[k].wrapped);
    }
    wrapping = seal_free(wrapping);
    assert(wrapping == NULL);
}

/* The number of the key with this cipher, maybe a new one. */
static uint32_t key_for(struct store_identity *i, enum seal_cipher cipher, struct entropy *entropy,
                        struct plain_keys *plain)
{
    for (uint32_t k = 0; k < i->keys_count; k++)
        if (i->keys[k].cipher == cipher) return i->keys[k].number;
    assert(i->keys_count < IDENTITY_KEYS_MAX); /* one of each cipher */
    uint32_t k = i->keys_count++;
    i->keys[k] = (struct identity_key){ .number = k + 1, .cipher = cipher };
    entropy->fill(entropy, plain->at[k], SEAL_KEY_SIZE);
    assert(identity_key_find(i, k + 1) == &i->keys[k]);
    return k + 1;
}

static enum err open_all(const struct store_identity *i, const struct key_wish *wish,
                         struct plain_keys *plain, bool *ret_rewrap, struct errmsg *why)
{
    *ret_rewrap = false;
    assert(i->keys_count <= IDENTITY_KEYS_MAX);
    if (i->keys_count == 0) return ERR_OK;
    if (wish->key.len == 0)
        return errmsg_set(why, ERR_DENIED,
                          "the store is encrypted, and jetstream { key } is not configured");
    if (unwrap_all(i, wish->key, wish->entropy, plain) == ERR_OK) return ERR_OK;
    *ret_rewrap = true;
    if (unwrap_all(i, wish->previous_key, wish->entropy, plain) == ERR_OK) return ERR_OK;
    return errmsg_set(why, ERR_DENIED,
                      "the store is encrypted with another key: neither jetstream { key } nor "
                      "prev_key opens it");
}

static struct store_keys *keys_new(const struct store_identity *i, const struct plain_keys *plain,
                                   struct entropy *entropy)
{
    struct store_keys *keys = xcalloc(1, sizeof *keys);
    assert(i->keys_count > 0);
    for (uint32_t k = 0; k < i->keys_count; k++) {
        struct seal *s = seal_make(i->keys[k].cipher, plain->at[k], entropy);
        if (i->keys[k].number == i->current) keys->current = s;
        keys->seals[keys->count++] = s;
    }
    assert((keys->current == NULL) == (i->current == 0));
    return keys;
}

enum err store_keys_open(struct store_identity *i, const struct key_wish *wish,
                         struct store_keys **ret, bool *ret_changed, struct errmsg *why)
{
    struct plain_keys plain = { 0 };
    uint32_t current = 0, count = i->keys_count;
    bool is_rewrapped = false;
    assert(wish->cipher == STORE_PLAIN || wish->key.len > 0);
    enum err e = open_all(i, wish, &plain, &is_rewrapped, why);
    if (!e) {
        if (wish->cipher != STORE_PLAIN)
            current = key_for(i, (enum seal_cipher)(wish->cipher - 1), wish->entropy, &plain);
        *ret_changed = current != i->current || count != i->keys_count || is_rewrapped;
        i->current = current;
        if (is_rewrapped || count != i->keys_count) wrap_all(i, wish->key, wish->entropy, &plain);
        *ret = i->keys_count > 0 ? keys_new(i, &plain, wish->entropy) : NULL;
    }
    seal_wipe(&plain, sizeof plain);
    return e;
}

struct store_keys *store_keys_free(struct store_keys *keys)
{
    if (keys == NULL) return NULL;
    assert(keys->count <= IDENTITY_KEYS_MAX);
    for (uint32_t k = 0; k < keys->count; k++) keys->seals[k] = seal_free(keys->seals[k]);
    return xfree(keys);
}

/* ---- the seal of journal, checkpoint log and blocks ---- */

static void keys_close(void *ctx, const uint8_t nonce[24], struct slice context, struct slice plain,
                       uint8_t *ret_sealed)
{
    const struct store_keys *keys = ctx;
    assert(keys->current != NULL);
    seal_close(keys->current, nonce, context, plain, ret_sealed);
}

static void keys_nonce(void *ctx, uint8_t ret_nonce[24])
{
    const struct store_keys *keys = ctx;
    assert(keys->current != NULL);
    seal_nonce(keys->current, ret_nonce);
}

static enum err open_with_others(const struct store_keys *keys, const uint8_t nonce[24],
                                 struct slice context, struct slice sealed, uint8_t *ret_plain)
{
    enum err e = ERR_CORRUPT;
    assert(keys->count > 0);
    for (uint32_t k = 0; k < keys->count && e; k++)
        if (keys->seals[k] != keys->current)
            e = seal_open(keys->seals[k], nonce, context, sealed, ret_plain);
    return e;
}

/* A key that does not fit leaves zeros where the text was to be: so the bytes are kept aside when
 * both are in one place and there is another key to try. */
static enum err keys_open(void *ctx, const uint8_t nonce[24], struct slice context,
                          struct slice sealed, uint8_t *ret_plain)
{
    const struct store_keys *keys = ctx;
    uint8_t *copy = NULL;
    assert(keys->count > 0);
    if (keys->count > 1 && sealed.len > 0) {
        copy = xalloc(sealed.len);
        memcpy(copy, sealed.ptr, sealed.len);
        sealed.ptr = copy;
    }
    enum err e = ERR_CORRUPT;
    if (keys->current != NULL) e = seal_open(keys->current, nonce, context, sealed, ret_plain);
    if (e) e = open_with_others(keys, nonce, context, sealed, ret_plain);
    copy = xfree(copy);
    assert(copy == NULL);
    return e;
}

static bool keys_peek(void *ctx, uint32_t index, const uint8_t nonce[24], struct slice sealed,
                      uint8_t *ret_plain)
{
    const struct store_keys *keys = ctx;
    if (index >= keys->count) return false;
    assert(keys->seals[index] != NULL && sealed.len >= SEAL_OVERHEAD);
    seal_peek(keys->seals[index], nonce, sealed, ret_plain);
    return true;
}

struct journal_seal store_keys_seal(struct store_keys *keys)
{
    if (keys == NULL) return (struct journal_seal){ 0 };
    assert(keys->count > 0);
    bool writes = keys->current != NULL;
    return (struct journal_seal){
        .ctx = keys,
        .overhead = SEAL_OVERHEAD,
        .close = writes ? keys_close : NULL,
        .open = keys_open,
        .nonce = writes ? keys_nonce : NULL,
        .peek = keys_peek,
    };
}
