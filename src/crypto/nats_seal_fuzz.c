/* SPDX-License-Identifier: Apache-2.0 */
/* Any key file, and any file that is said to be sealed: nothing that nobody sealed opens, and a
 * block is run through the cipher and back. The first byte chooses the cipher, the second the
 * length of the key file. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "crypto/nats_seal.h"

static void open_key(enum nats_cipher cipher, struct slice key_file)
{
    static const struct nats_asset asset = { SLICE_INIT("secret"), SLICE_INIT("$G"),
                                             SLICE_INIT("S:1") };
    struct nats_seal seal;
    assert(nats_seal_init(&seal, cipher, &asset, key_file) == ERR_CORRUPT);
}

static void open_file(enum nats_cipher cipher, struct slice file)
{
    struct nats_seal seal = { .cipher = cipher, .seed = { 7 }, .nonce = { 9 } };
    uint8_t *plain = xalloc(file.len + 1U), *block = xalloc(file.len + 1U);
    uint32_t len = 0;
    assert(nats_seal_open(&seal, file, plain, &len) == ERR_CORRUPT);
    if (file.len > 0) memcpy(block, file.ptr, file.len);
    nats_seal_block(&seal, block, file.len);
    nats_seal_block(&seal, block, file.len);
    assert(slice_equal(slice_of(block, file.len), file));
    xfree(plain);
    xfree(block);
    nats_seal_deinit(&seal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > UINT16_MAX) return 0;
    enum nats_cipher cipher = data[0] & 1 ? NATS_AES : NATS_CHACHA;
    struct slice rest = slice_of(data + 2, size - 2);
    open_key(cipher, slice_first(rest, data[1]));
    open_file(cipher, slice_from(rest, data[1]));
    return 0;
}
