/* SPDX-License-Identifier: Apache-2.0 */
/* Flat: the quick way for what machines write: one object of words, short numbers and plain texts.
 *
 * Whatever is out of the ordinary is left to the reader (reader.h, table.h), which then decides: an
 * escape, a byte above ASCII, a nested value, null, a sign, a fraction, a member that the table has
 * not under exactly this name, one that comes twice, and everything that is wrong. So the two ways
 * never differ in what they read.
 * Thread: any. Memory: nothing is allocated; slices lie in the text. */
#ifndef MIDGE_JSON_FLAT_H
#define MIDGE_JSON_FLAT_H

#include "json/table.h"

/* True: the struct at `ret` has what the object names. False: use the reader; `ret` is
 * untouched. */
bool json_flat_read(const struct json_table *, struct slice text, void *ret);

#endif
