/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a system error, as Go programs print them: "address already in use".
 *
 * Thread: any. Memory: `text` is the caller's; returned. */
#ifndef MIDGE_OS_ERRNO_TEXT_H
#define MIDGE_OS_ERRNO_TEXT_H

enum { ERRNO_TEXT = 128 };

const char *errno_text(int number, char text[ERRNO_TEXT]);

#endif
