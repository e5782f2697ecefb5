/* SPDX-License-Identifier: Apache-2.0 */
/* Import asset: files of a nats-server as they were before they were encrypted.
 *
 * After a change of key or cipher some assets are still under the old ones: each is tried with
 * both keys of the configuration and both ciphers. What has no key file was never encrypted.
 *
 * Thread: the caller's, blocking. Memory: the caller's. */
#ifndef MIDGE_EMBED_IMPORT_ASSET_H
#define MIDGE_EMBED_IMPORT_ASSET_H

#include "crypto/nats_seal.h"
#include "embed/import_files.h"

struct import_keys {
    struct slice key, previous_key; /* empty: none */
};

struct import_asset {
    struct nats_seal seal;
    bool             is_sealed;
};

/* Whose key it is: `context` as nats_seal.h names it. */
struct import_place {
    struct slice account, context;
    const char  *key_path;
};

/* DENIED: it is encrypted, and no key of the configuration fits;
 * CORRUPT: the key file is damaged. */
MUST_CHECK enum err import_asset_open(struct import_asset *, const struct import_keys *,
                                      const struct import_place *, struct errmsg *why);
void import_asset_close(struct import_asset *);

/* A whole file that is no block: opens what is in `bytes` in place. CORRUPT: damaged. */
MUST_CHECK enum err import_asset_plain(const struct import_asset *, struct buf *bytes);

#endif
