/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenarios claim: the first claim that is not so ends one, and is told. */
#ifndef MIDGE_CLIENTS_EXPECT_H
#define MIDGE_CLIENTS_EXPECT_H

#include <nats/nats.h>
#include <stdbool.h>
#include <stdio.h>

enum { PATIENCE_MS = 20000 };

#define EXPECT(claim)                                    \
    do {                                                 \
        if (!(claim)) return complain(__LINE__, #claim); \
    } while (0)
#define DO(call) EXPECT((call) == NATS_OK)

static inline bool complain(int line, const char *claim)
{
    printf("line %d: not %s (%s)\n", line, claim, nats_GetLastError(NULL));
    return false;
}

#endif
