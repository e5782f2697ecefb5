/* SPDX-License-Identifier: Apache-2.0 */
/* Reference: every key of a configuration, written from the tables that read it.
 *
 * Pure; thread: any; memory: appends to the caller's buffer. docs/options.md is what this writes; a
 * test compares. */
#ifndef MIDGE_CONFIG_REFERENCE_H
#define MIDGE_CONFIG_REFERENCE_H

#include "base/buf.h"

void reference_markdown(struct buf *out);

#endif
