/* SPDX-License-Identifier: Apache-2.0 */
/* natsbench: the load generator of `./dev bench`, for any server that speaks the NATS client
 * protocol.
 *
 * It is cheap on purpose: publishers repeat one prebuilt buffer, subscribers count messages without
 * copying them. So most of the CPU of a run is the server's, and CPU per message hardly depends on
 * what else the machine does. One run is one process, one mode, one line of JSON on stdout.
 *
 * Thread:  every mode runs on the main thread and starts the threads that it names.
 * Memory:  `struct options` lives as long as the process and never changes after main has read it.
 * Errors:  a benchmark that cannot do what it was asked ends the process with a message (`die`).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum transport { TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_WS };

struct options {
    const char *mode;
    const char *subject;
    const char *user;       /* NULL: no authentication */
    const char *password;
    const char *folder;     /* where mode cert writes; js modes: on the disk of the store */
    enum transport transport;
    uint16_t port;
    int server_pid;         /* 0: unknown, so no server figures */
    uint64_t msgs;
    uint32_t payload_len;
    uint32_t pubs;
    uint32_t subs;
    uint32_t dead_subs;     /* subscribers more that never read */
    uint32_t window;        /* requests in flight per requester */
    uint32_t rate;          /* paced modes: operations a second */
    double seconds;         /* timed modes */
    /* JetStream modes */
    const char *operation;  /* of jskv */
    uint32_t streams;
    uint64_t subjects;      /* of each stream; for jskv: keys */
    uint32_t history;       /* messages a subject; 0: unlimited */
    uint32_t batch;         /* messages a pull asks for; 0: push */
    bool is_memory;
    bool is_acked;
    bool is_filtered;       /* on one subject */
    bool is_kept;           /* streams are used as they are, and stay */
    bool is_raw;            /* the peer is natsrelay: it hands on PUB lines as they are */
};

/* The modes. Each prints its report. */
void mode_flow(const struct options *);         /* pub, fan, queue */
void mode_request(const struct options *);      /* req */
void mode_idle(const struct options *);         /* idle, connect */
void mode_subs(const struct options *);
void mode_lone(const struct options *);
void mode_churn(const struct options *);
void mode_dead(const struct options *);
void mode_slowloris(const struct options *);
void mode_handshakes(const struct options *);
void mode_cert(const struct options *);
void mode_jspub(const struct options *);
void mode_jsfill(const struct options *);
void mode_jscold(const struct options *);
void mode_jsconsume(const struct options *);
void mode_jskv(const struct options *);
void mode_jspurge(const struct options *);
void mode_jsdelete(const struct options *);
