/* SPDX-License-Identifier: Apache-2.0 */
/* Text trim: a text without the blanks at its ends, as Go's bytes.TrimSpace() sees them: ASCII ones
 * with \v and \f, and Unicode's White_Space in UTF-8. Bodies of acks and pull requests are read so.
 *
 * Pure; thread: any; memory: none, the result stands in the text. */
#ifndef MIDGE_STREAM_TEXT_TRIM_H
#define MIDGE_STREAM_TEXT_TRIM_H

#include "base/slice.h"

struct slice text_trim(struct slice);

#endif
