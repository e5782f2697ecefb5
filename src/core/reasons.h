/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons: why a connection was closed, what its client is told, and how the monitoring names it.
 *
 * One row each: name, text in /connz, text of the -ERR ("" when it goes in silence), WebSocket
 * close status.
 * Source: reference protocol 1.4 and 1.11, websocket A.2. */
#ifndef MIDGE_CORE_REASONS_H
#define MIDGE_CORE_REASONS_H

#include <stdint.h>

/* clang-format off */
#define CLOSE_REASONS(X)                                                                    \
    X(NONE,                "",                                                              \
      "",                                                          1000)                    \
    X(CLIENT_CLOSED,       "Client Closed",                                                 \
      "",                                                          1000)                    \
    X(AUTH_TIMEOUT,        "Authentication Timeout",                                        \
      "Authentication Timeout",                                    1008)                    \
    X(AUTH_VIOLATION,      "Authentication Failure",                                        \
      "Authorization Violation",                                   1008)                    \
    X(TLS_HANDSHAKE,       "TLS Handshake Failure",                                         \
      "",                                                          1015)                    \
    X(TLS_REQUIRED,        "TLS Handshake Failure",                                         \
      "Secure Connection - TLS Required",                          1015)                    \
    X(SLOW_PENDING,        "Slow Consumer (Pending Bytes)",                                 \
      "",                                                          1008)                    \
    X(SLOW_DEADLINE,       "Slow Consumer (Write Deadline)",                                \
      "",                                                          1008)                    \
    X(WRITE_ERROR,         "Write Error",                                                   \
      "",                                                          1001)                    \
    X(READ_ERROR,          "Read Error",                                                    \
      "",                                                          1001)                    \
    X(PARSE_ERROR,         "Parse Error",                                                   \
      "",                                                          1002)                    \
    X(STALE,               "Stale Connection",                                              \
      "Stale Connection",                                          1001)                    \
    X(PROTOCOL,            "Protocol Violation",                                            \
      "Unknown Protocol Operation",                                1002)                    \
    X(PROTOCOL_SILENT,     "Protocol Violation",                                            \
      "",                                                          1002)                    \
    X(BAD_PROTOCOL,        "Bad Client Protocol Version",                                   \
      "invalid client protocol",                                   1002)                    \
    X(WRONG_PORT,          "Incorrect Port",                                                \
      "",                                                          1002)                    \
    X(ACCOUNT_CONNECTIONS, "Maximum Account Connections Exceeded",                          \
      "maximum account active connections exceeded",               1008)                    \
    X(MAX_CONNECTIONS,     "Maximum Connections Exceeded",                                  \
      "maximum connections exceeded",                              1008)                    \
    X(ADDRESS_CONNECTIONS, "Maximum Connections Exceeded",                                  \
      "maximum connections before login exceeded",                 1008)                    \
    X(THROTTLED,           "Maximum Connections Exceeded",                                  \
      "Connection throttling is active. Please try again later.",  1008)                    \
    X(MAX_PAYLOAD,         "Maximum Message Payload Exceeded",                              \
      "Maximum Payload Violation",                                 1009)                    \
    X(MAX_CONTROL_LINE,    "Maximum Control Line Exceeded",                                 \
      "maximum control line exceeded",                             1002)                    \
    X(MAX_SUBSCRIPTIONS,   "Maximum Subscriptions Exceeded",                                \
      "maximum subscriptions exceeded",                            1008)                    \
    X(SHUTDOWN,            "Server Shutdown",                                               \
      "",                                                          1001)                    \
    X(AUTH_EXPIRED,        "Authentication Expired",                                        \
      "User Authentication Expired",                               1008)                    \
    X(MISSING_ACCOUNT,     "Missing Account",                                               \
      "Failed Account Registration",                               1008)                    \
    X(REVOKED,             "Credentials Revoked",                                           \
      "User Authentication Revoked",                               1008)                    \
    X(NO_RESPONDERS,       "No Responders Requires Headers",                                \
      "no responders requires headers support",                    1002)                    \
    X(KICKED,              "Kicked",                                                        \
      "",                                                          1008)                    \
    X(PROXY_NOT_TRUSTED,   "Proxy Not Trusted",                                             \
      "Authorization Violation",                                   1008)                    \
    X(PROXY_REQUIRED,      "Proxy Required",                                                \
      "Authorization Violation",                                   1008)
/* clang-format on */

enum close_reason {
#define X(name, text, err, status) CLOSE_##name,
    CLOSE_REASONS(X)
#undef X
};

const char *close_reason_text(enum close_reason);
const char *close_reason_err(enum close_reason);        /* "" when nothing is said */
uint32_t close_reason_status(enum close_reason);

#endif
