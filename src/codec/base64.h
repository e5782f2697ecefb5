/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648) in the three forms that NATS uses. Decoding is strict: no foreign byte, no
 * missing or surplus padding, no bits that say nothing; so one value has one text.
 *
 * Thread: any; pure. Memory: the caller's. */
#ifndef MIDGE_CODEC_BASE64_H
#define MIDGE_CODEC_BASE64_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"

enum base64_form {
    BASE64_STD,                 /* + and /, padded */
    BASE64_URL,                 /* - and _, padded */
    BASE64_RAW_URL,             /* - and _, without padding */
};

static inline uint32_t base64_encoded_max(uint32_t len)
{
    return (len + 2) / 3 * 4;
}

static inline uint32_t base64_decoded_max(uint32_t len)
{
    return (len + 3) / 4 * 3;
}

/* Returns the length; `ret_text` has room for base64_encoded_max(). No NUL is added. */
uint32_t base64_encode(enum base64_form, struct slice bytes, uint8_t *ret_text);

/* `ret_bytes` has room for base64_decoded_max(). INVALID: not this form. */
MUST_CHECK enum err base64_decode(enum base64_form, struct slice text, uint8_t *ret_bytes,
                                  uint32_t *ret_len);

#endif
