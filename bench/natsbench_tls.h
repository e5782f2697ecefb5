/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS client over OpenSSL that believes every certificate: the load is the handshake, not the
 * trust.
 *
 * Thread:  a session belongs to one thread at a time; the context may be shared.
 * Memory:  `tls_free(NULL)` is fine. The context lives as long as the process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls_context;
struct tls;

/* no resumption: each handshake is full */
struct tls_context *tls_context_new(void);

/* fd stays the caller's, non-blocking */
struct tls *tls_new(struct tls_context *, int fd);
struct tls *tls_free(struct tls *);

enum tls_step { TLS_DONE, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_FAILED };

enum tls_step tls_handshake(struct tls *);
enum tls_step tls_write(struct tls *, const void *, size_t len, size_t *ret_written);
enum tls_step tls_read(struct tls *, void *, size_t size, size_t *ret_read);
/* decrypted bytes that poll cannot see */
bool tls_has_pending(struct tls *);

/* a new RSA-2048 cert.pem and key.pem */
void tls_cert_write(const char *folder);
