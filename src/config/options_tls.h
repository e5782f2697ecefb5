/* SPDX-License-Identifier: Apache-2.0 */
/* A tls { } block, the same for clients, websocket, mqtt, leafnodes and their remotes, cluster,
 * gateway and the account resolver.
 *
 * Thread and memory: as options_base.h. Files are only named here; tls/ opens them. Unknown names
 * in the cipher and curve lists are errors of the configuration, so what stands here is known by
 * name. */
#ifndef MIDGE_CONFIG_OPTIONS_TLS_H
#define MIDGE_CONFIG_OPTIONS_TLS_H

#include "config/options_base.h"

struct tls_cert {
    const char *cert_file;
    const char *key_file;
};

enum tls_version { TLS_VERSION_UNSET, TLS_VERSION_1_2 = 0x0303, TLS_VERSION_1_3 = 0x0304 };

enum cert_store { CERT_STORE_NONE, CERT_STORE_WINDOWS_USER, CERT_STORE_WINDOWS_MACHINE };

struct ocsp_peer_options {
    bool  verify;                               /* check the peer's chain by OCSP; off */
    nanos ca_timeout;                           /* per responder; 2 s */
    nanos allowed_clockskew;                    /* 30 s */
    bool  warn_only;                            /* log, do not refuse */
    bool  unknown_is_good;                      /* accept the status "unknown" */
    bool  allow_when_ca_unreachable;
    nanos cache_ttl_when_next_update_unset;     /* 1 h */
    bool  present;
};

struct tls_options {
    bool        present;                /* the block was written (or tls flags were given) */
    struct option_pos pos;
    const char *cert_file;              /* PEM chain; goes with key_file */
    const char *key_file;               /* PEM */
    /* PEM; verifies clients, and servers on the dialling side */
    const char *ca_file;
    struct tls_cert *certs;             /* several pairs; then cert_file is NULL */
    uint32_t    certs_count;
    nanos       not_after;              /* first end of validity of the pairs; 0: not known */
    bool        insecure;               /* dialling side: do not verify the remote */
    bool        verify;                 /* require and verify a client certificate */
    bool        verify_and_map;         /* verify, and take the user from the certificate */
    bool        verify_cert_and_check_known_urls;   /* cluster and gateway only */
    struct string_list cipher_suites;   /* Go names (TLS_ECDHE_...); empty: the default set */
    bool        allow_insecure_cipher_suites;
    /* canonical Go names (X25519MLKEM768, CurveP256...); empty: default */
    struct string_list curve_preferences;
    enum tls_version min_version;       /* UNSET: 1.2 */
    nanos       timeout;                /* of the handshake; 2 s */
    /* new connections a second; 0: none. Client listener only */
    int64_t     connection_rate_limit;
    /* SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hex digits */
    struct string_list pinned_certs;
    bool        handshake_first;        /* TLS before INFO */
    /* 0: never; else wait so long for a ClientHello, then send INFO */
    nanos       handshake_first_fallback;
    struct ocsp_peer_options ocsp_peer;
    /* Windows certificate store: parsed, refused by the server elsewhere */
    enum cert_store cert_store;
    const char *cert_match_by;
    const char *cert_match;
    struct string_list ca_certs_match;
    bool        cert_match_skip_invalid;
};

#endif
