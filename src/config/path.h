/* SPDX-License-Identifier: Apache-2.0 */
/* Path: the arithmetic of slash-separated paths, without looking at any file.
 *
 * Pure; thread: any; memory: results lie in the caller's arena. */
#ifndef MIDGE_CONFIG_PATH_H
#define MIDGE_CONFIG_PATH_H

#include "base/arena.h"

/* Without empty and `.` parts, and with `..` resolved where that is possible; "." when nothing is
 * left. */
const char *path_clean(struct arena *, const char *path);
/* What stands before the last slash, cleaned; "." when there is none. */
const char *path_dir(struct arena *, const char *path);
/* Both joined and cleaned; `name` is taken as relative even if it starts with a slash. */
const char *path_join(struct arena *, const char *dir, const char *name);

#endif
