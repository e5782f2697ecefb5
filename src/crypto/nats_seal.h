/* SPDX-License-Identifier: Apache-2.0 */
/* Nats seal: reading what nats-server has encrypted, to import its stores. midge's own is seal.h.
 *
 * Each asset has a random seed, which stands in its key file: a nonce, then the seed sealed by
 * HMAC-SHA256(key of the configuration, account name and context). The contexts are
 *
 *   STREAM             meta.key of a stream: its meta.inf, index.db
 *   STREAM:NUMBER      NUMBER.key: NUMBER.blk
 *   STREAM.CONSUMER    meta.key of a consumer: its meta.inf, o.dat
 *
 * With the seed as the key, files are a nonce and then bytes sealed by XChaCha20-Poly1305 or
 * AES-256-GCM (with a nonce of 16 bytes); blocks are run through XChaCha20 or AES-256-CTR with the
 * nonce of the key file, and only their records' checksums tell whether that was right.
 *
 * index.db has a checksum of 8 bytes behind what is sealed.
 *
 * Thread:  any; pure. Memory: the caller's; nats_seal_deinit() wipes the seed. */
#ifndef MIDGE_CRYPTO_NATS_SEAL_H
#define MIDGE_CRYPTO_NATS_SEAL_H

#include "base/err.h"
#include "base/slice.h"

enum nats_cipher { NATS_CHACHA, NATS_AES };

enum { NATS_SEED_SIZE = 32, NATS_NONCE_MAX = 24, NATS_TAG_SIZE = 16 };

/* Fields are private. */
struct nats_seal {
    enum nats_cipher cipher;
    uint8_t seed[NATS_SEED_SIZE];
    uint8_t nonce[NATS_NONCE_MAX];
};

/* What an asset is called, and the key of the configuration. */
struct nats_asset {
    struct slice key;
    struct slice account;
    struct slice context;
};

/* `key_file` is what stands in it. CORRUPT: another key, cipher, account or context, or damaged;
 * after a change of cipher or key some assets are still under the old ones, so all must be
 * tried. */
MUST_CHECK enum err nats_seal_init(struct nats_seal *, enum nats_cipher, const struct nats_asset *,
                                   struct slice key_file);
void nats_seal_deinit(struct nats_seal *);

/* A file that is no block. `ret_plain` has room for as many bytes as there are sealed ones,
 * and what is in it after CORRUPT means nothing. */
MUST_CHECK enum err nats_seal_open(const struct nats_seal *, struct slice file, uint8_t *ret_plain,
                                   uint32_t *ret_len);

/* A whole block, in place. */
void nats_seal_block(const struct nats_seal *, uint8_t *block, uint32_t len);

#endif
