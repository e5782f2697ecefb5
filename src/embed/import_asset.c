/* SPDX-License-Identifier: Apache-2.0 */
#include "embed/import_asset.h"

#include "base/alloc.h"
#include "base/assert.h"

/* AES: nonce, seed, tag; ChaCha has the longer nonce. */
enum { KEY_FILE_MIN = 64 };

static bool try_key(struct import_asset *a, const struct nats_asset *asset, struct slice key_file)
{
    assert(!a->is_sealed);
    for (int cipher = NATS_CHACHA; cipher <= NATS_AES && !a->is_sealed; cipher++)
        a->is_sealed = nats_seal_init(&a->seal, (enum nats_cipher)cipher, asset, key_file) ==
                       ERR_OK;
    return a->is_sealed;
}

static enum err open_key(struct import_asset *a, const struct import_keys *keys,
                         const struct import_place *place, struct slice key_file,
                         struct errmsg *why)
{
    struct nats_asset asset = { .account = place->account, .context = place->context };
    if (key_file.len < KEY_FILE_MIN)
        return errmsg_set(why, ERR_CORRUPT, "%s is too short to be a key", place->key_path);
    if (keys->key.len == 0)
        return errmsg_set(why, ERR_DENIED,
                          "%s: it is encrypted; name the configuration that has its key with -c",
                          place->key_path);
    asset.key = keys->key;
    if (try_key(a, &asset, key_file)) return ERR_OK;
    asset.key = keys->previous_key;
    if (asset.key.len > 0 && try_key(a, &asset, key_file)) return ERR_OK;
    return errmsg_set(why, ERR_DENIED,
                      "%s: it is encrypted with another key than the configuration's",
                      place->key_path);
}

enum err import_asset_open(struct import_asset *a, const struct import_keys *keys,
                           const struct import_place *place, struct errmsg *why)
{
    struct buf file = { 0 };
    a->is_sealed = false;
    enum err e = import_read(place->key_path, &file, why);
    if (e == ERR_OK) e = open_key(a, keys, place, buf_slice(&file), why);
    else if (e == ERR_NOTFOUND) e = ERR_OK;
    buf_deinit(&file);
    return e;
}

void import_asset_close(struct import_asset *a)
{
    assert(a != NULL);
    if (a->is_sealed) nats_seal_deinit(&a->seal);
    a->is_sealed = false;
}

enum err import_asset_plain(const struct import_asset *a, struct buf *bytes)
{
    uint32_t len;
    if (!a->is_sealed) return ERR_OK;
    uint8_t *plain = xalloc(bytes->len + 1U);
    enum err e = nats_seal_open(&a->seal, buf_slice(bytes), plain, &len);
    if (e == ERR_OK) {
        bytes->len = 0;
        buf_add(bytes, slice_of(plain, len));
    }
    xfree(plain);
    return e;
}
