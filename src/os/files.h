/* SPDX-License-Identifier: Apache-2.0 */
/* Small files on the machine's disk.
 *
 * Thread: any; blocking. Memory: no state.
 * A file that does not exist yet appears whole, by a rename; one that exists (a device or a link
 * perhaps) is rewritten in place. Error texts read as Go's: "open /x: no such file or
 * directory". */
#ifndef MIDGE_OS_FILES_H
#define MIDGE_OS_FILES_H

#include "env/files.h"

void os_files_init(struct files *);

#endif
