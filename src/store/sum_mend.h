/* SPDX-License-Identifier: Apache-2.0 */
/* Sum_mend: which bit of a long text has turned, when its sum (XXH3) is known.
 *
 * XXH3 takes in a long text in blocks of 1024 bytes, on eight lanes. What a block adds to a lane
 * does not depend on what came before, and between blocks each lane is scrambled by itself: a bit
 * changes two lanes, and what the blocks behind it add is reckoned once for all. So a try costs two
 * lanes from there to the end, not the whole text: all bits of 128 KiB take less than a second,
 * where summing each time would take ten.
 *
 * Pure. The bytes are tried on and left as they were. */
#ifndef MIDGE_STORE_SUM_MEND_H
#define MIDGE_STORE_SUM_MEND_H

#include <stdbool.h>
#include <stdint.h>

enum { SUM_MEND_MIN = 241 }; /* of fewer bytes XXH3 is reckoned otherwise, and summing is quick */

struct sum_text {
    uint8_t *bytes;
    uint32_t len;
    uint64_t seed;
    uint64_t sum; /* XXH3_64bits_withSeed() as it was */
};

/* The first bit from byte `from` on with which the sum fits. */
bool sum_mend(const struct sum_text *, uint32_t from, uint32_t *ret_byte, uint8_t *ret_mask);

#endif
