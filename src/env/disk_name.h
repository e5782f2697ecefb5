/* SPDX-License-Identifier: Apache-2.0 */
/* Disk_name: which names a disk takes. Both bodies refuse the others with DENIED.
 *
 * A name is one or several components with "/" between them, DISK_NAME_MAX bytes at most. Nothing
 * that leads out of the store's directory is one: no "/" at either end, no empty component, no "."
 * or "..". The name of the root is "", and only operations on directories take it.
 * Thread: any. Memory: borrowed. */
#ifndef MIDGE_ENV_DISK_NAME_H
#define MIDGE_ENV_DISK_NAME_H

#include <stdbool.h>

#include "base/slice.h"

bool disk_name_is_ok(const char *name);
/* Also true for "", the root. */
bool disk_name_is_dir_ok(const char *name);

/* Cuts a good name into the directory ("" for the root) and the last component. */
void disk_name_cut(const char *name, struct slice *ret_directory, struct slice *ret_last);

#endif
