/* SPDX-License-Identifier: Apache-2.0 */
#include "os/http.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "os/thread.h"

enum { TEXT = 3 * 1024 * 1024 };

struct world {
    struct http         *http;
    struct net_addr      bound;
    SSL_CTX             *tls;               /* of the server; NULL: plain */
    pthread_mutex_t      mutex;
    pthread_cond_t       held;
    struct http_request *kept;              /* of "/wait": answered by the test */
    char                 text[TEXT];
};

static void answer(struct world *w, struct http_request *r, int status, const char *text)
{
    struct http_response response = { .status = status,
                                      .content_type = "text/plain",
                                      .cors = true };
    response.authenticate = status == 401;
    buf_add_str(&response.body, text);
    w->http->reply(w->http, r, &response);
}

static void answer_echo(struct world *w, struct http_request *r)
{
    struct buf b = { 0 };
    buf_printf(&b, "%s|%s|%s|%s", r->method, r->path, r->query, r->authorization);
    answer(w, r, 200, buf_str(&b));
    buf_deinit(&b);
}

static void handle(void *ctx, struct http_request *r)
{
    struct world *w = ctx;
    if (strcmp(r->path, "/wait") == 0) {
        pthread_mutex_lock(&w->mutex);
        w->kept = r;
        pthread_cond_signal(&w->held);
        pthread_mutex_unlock(&w->mutex);
    } else if (strcmp(r->path, "/big") == 0) {
        char *big = xalloc(2 * MIB + 1);
        memset(big, 'b', 2 * MIB);
        big[2 * MIB] = 0;
        answer(w, r, 200, big);
        (void)xfree(big);
    } else if (strcmp(r->path, "/secret") == 0) {
        answer(w, r, 401, "who?");
    } else if (strncmp(r->target, "/moved/", 7) == 0) {
        struct http_response response = { .status = 307, .content_type = "text/plain" };
        buf_add_str(&response.location, r->target + 6);
        w->http->reply(w->http, r, &response);
    } else {
        answer_echo(w, r);
    }
}

static int start(void **state, SSL_CTX *tls)
{
    static struct world w;
    w = (struct world){ .http = os_http_new(NULL), .tls = tls };
    pthread_mutex_init(&w.mutex, NULL);
    pthread_cond_init(&w.held, NULL);
    struct http_options o = { .host = "127.0.0.1", .tls.native = tls, .handle = handle, .ctx = &w };
    assert_int_equal(w.http->start(w.http, &o, &w.bound, NULL), ERR_OK);
    *state = &w;
    return 0;
}

static int set_up(void **state)
{
    return start(state, NULL);
}

static int tear_down(void **state)
{
    struct world *w = *state;
    w->http = os_http_free(w->http);
    SSL_CTX_free(w->tls);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->held);
    return 0;
}

static int dial(const struct world *w)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(w->bound.port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Reads until `end` is there or the stream ends. */
static const char *hear(struct world *w, int fd, const char *end)
{
    size_t len = 0;
    for (;;) {
        w->text[len] = 0;
        if (end != NULL && strstr(w->text, end) != NULL) return w->text;
        ssize_t got = recv(fd, w->text + len, TEXT - 1 - len, 0);
        if (got <= 0) return w->text;
        len += (size_t)got;
    }
}

static const char *ask(struct world *w, const char *head)
{
    int fd = dial(w);
    say(fd, head);
    const char *text = hear(w, fd, NULL);
    (void)close(fd);
    return text;
}

static void expect_in(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) fail_msg("'%s' lacks '%s'", text, part);
}

static void a_request_reaches_the_handler_and_its_answer_the_client(void **state)
{
    struct world *w = *state;
    const char *text = ask(w, "GET /a%20b/?x=1&y=%32 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                              "Authorization: Basic abc\r\n\r\n");
    expect_in(text, "HTTP/1.1 200 OK\r\n");
    expect_in(text, "\r\nContent-Type: text/plain\r\n");
    expect_in(text, "\r\nAccess-Control-Allow-Origin: *\r\n");
    expect_in(text, "\r\n\r\nGET|/a b/|x=1&y=%32|Basic abc");
    expect_in(ask(w, "GET //h/b?x#y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "\r\n\r\nGET|//h/b|x|");
    expect_in(ask(w, "GET http://i/c?x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "\r\n\r\nGET|/c|x|");
}

static void every_method_is_served_and_head_has_a_length_but_no_body(void **state)
{
    struct world *w = *state;
    expect_in(
        ask(w, "POST /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc"),
        "\r\n\r\nPOST|/p||");
    expect_in(ask(w, "DELETE /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "DELETE|/p||");
    const char *text = ask(w, "HEAD /p HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect_in(text, "\r\nContent-Length: 9\r\n");
    assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}

static void two_requests_share_a_connection(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    say(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_in(hear(w, fd, "GET|/1||"), "Content-Length: 8\r\n");
    say(fd, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_in(hear(w, fd, "GET|/2||"), "200 OK");
    (void)close(fd);
}

static void a_large_answer_arrives_whole(void **state)
{
    struct world *w = *state;
    const char *text = ask(w, "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_int_equal(strlen(strstr(text, "\r\n\r\n") + 4), 2 * MIB);
}

static void a_password_is_asked_for(void **state)
{
    struct world *w = *state;
    const char *text = ask(w, "GET /secret HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect_in(text, "HTTP/1.1 401 ");
    expect_in(text, "\r\nWWW-Authenticate: Basic ");
}

static void another_place_is_told_as_it_was_sent(void **state)
{
    struct world *w = *state;
    const char *text = ask(w,
                           "GET /moved/a%20b?c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    expect_in(text, "HTTP/1.1 307 Temporary Redirect\r\n");
    expect_in(text, "\r\nLocation: /a%20b\r\n");
}

static void a_bad_request_is_answered_and_not_handled(void **state)
{
    struct world *w = *state;
    expect_in(ask(w, "nonsense\r\n\r\n"), " 400 ");
    expect_in(ask(w, "GET /a%00b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), " 400 ");
}

static struct http_request *wait_for_request(struct world *w)
{
    pthread_mutex_lock(&w->mutex);
    while (w->kept == NULL) pthread_cond_wait(&w->held, &w->mutex);
    struct http_request *r = w->kept;
    w->kept = NULL;
    pthread_mutex_unlock(&w->mutex);
    return r;
}

static void an_answer_may_come_later_from_another_thread(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    answer(w, wait_for_request(w), 200, "at last");
    expect_in(hear(w, fd, NULL), "\r\n\r\nat last");
    (void)close(fd);
}

static void an_answer_to_a_client_that_left_is_dropped(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    struct http_request *r = wait_for_request(w);
    struct linger reset = { .l_onoff = 1 };
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    (void)close(fd);
    answer(w, r, 200, "too late");
    expect_in(ask(w, "GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "GET|/1||");
}

static void a_stop_drops_what_is_open_and_later_answers_are_harmless(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    say(fd, "GET /wait HTTP/1.1\r\nHost: h\r\n\r\n");
    struct http_request *r = wait_for_request(w);
    w->http->stop(w->http);
    answer(w, r, 200, "too late");
    assert_string_equal(hear(w, fd, NULL), "");
    (void)close(fd);
    struct http_options o = { .host = "127.0.0.1", .handle = handle, .ctx = w };
    assert_int_equal(w->http->start(w->http, &o, &w->bound, NULL), ERR_OK);
    expect_in(ask(w, "GET /1 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), "GET|/1||");
}

static void more_connections_than_allowed_wait_for_their_turn(void **state)
{
    struct world *w = *state;
    static int fds[HTTP_CONNECTIONS_MAX];
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        fds[i] = dial(w);
        say(fds[i], "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
        expect_in(hear(w, fds[i], "GET|/1||"), "200 OK");
    }
    int late = dial(w);
    say(late, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    char byte;
    struct timeval brief = { .tv_usec = 50 * 1000 };
    (void)setsockopt(late, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
    assert_int_equal(recv(late, &byte, 1, 0), -1);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) (void)close(fds[i]);
    struct timeval long_time = { .tv_sec = 60 };
    (void)setsockopt(late, SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof long_time);
    expect_in(hear(w, late, "GET|/2||"), "200 OK");
    (void)close(late);
}

static void without_descriptors_a_connection_waits_for_its_turn(void **state)
{
    struct world *w = *state;
    struct rlimit before, tight;
    char byte;
    struct timeval brief = { .tv_usec = 50 * 1000 }, long_time = { .tv_sec = 60 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    tight = before;
    tight.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(w->bound.port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int failed = connect(fd, (struct sockaddr *)&a, sizeof a);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &brief, sizeof brief);
    ssize_t got = recv(fd, &byte, 1, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(failed, 0);
    assert_int_equal(got, -1);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &long_time, sizeof long_time);
    say(fd, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    expect_in(hear(w, fd, "GET|/1||"), "200 OK");
    (void)close(fd);
}

static void a_body_beyond_the_limit_is_refused(void **state)
{
    struct world *w = *state;
    const char *text = ask(w, "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n");
    expect_in(text, "HTTP/1.1 413 ");
    assert_null(strstr(text, "POST|"));
}

static void a_head_that_never_ends_is_cut(void **state)
{
    struct world *w = *state;
    int fd = dial(w);
    say(fd, "GET / HTTP/1.1\r\nX: ");
    expect_in(hear(w, fd, NULL), "");       /* returns: the server closed it */
    (void)close(fd);
}

static void a_port_in_use_is_told(void **state)
{
    struct world *w = *state;
    struct http *second = os_http_new(NULL);
    struct http_options o = { .host = "127.0.0.1", .port = w->bound.port, .handle = handle };
    struct net_addr bound;
    struct errmsg why;
    assert_int_equal(second->start(second, &o, &bound, &why), ERR_EXISTS);
    expect_in(why.text, "bind: address already in use");
    (void)os_http_free(second);
}

/* --- TLS --- */

static SSL_CTX *server_context(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    assert_non_null(key);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    (void)X509_set_pubkey(cert, key);
    assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

static int set_up_tls(void **state)
{
    return start(state, server_context());
}

static void the_same_works_over_tls(void **state)
{
    struct world *w = *state;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(ctx);
    int fd = dial(w);
    (void)SSL_set_fd(ssl, fd);
    assert_int_equal(SSL_connect(ssl), 1);
    const char head[] = "GET /big HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    assert_true(SSL_write(ssl, head, sizeof head - 1) > 0);
    int len = 0, got = 0;
    while ((got = SSL_read(ssl, w->text + len, TEXT - 1 - len)) > 0) len += got;
    w->text[len] = 0;
    expect_in(w->text, "200 OK");
    assert_int_equal(strlen(strstr(w->text, "\r\n\r\n") + 4), 2 * MIB);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    (void)close(fd);
}

/* The certificate that a new connection is shown; the caller frees it. */
static X509 *shown(const struct world *w, SSL **ret_ssl)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    *ret_ssl = SSL_new(ctx);
    (void)SSL_set_fd(*ret_ssl, dial(w));
    assert_int_equal(SSL_connect(*ret_ssl), 1);
    SSL_CTX_free(ctx);
    return SSL_get1_peer_certificate(*ret_ssl);
}

static void hang_up(SSL *ssl)
{
    (void)close(SSL_get_fd(ssl));
    SSL_free(ssl);
}

static void count_release(void *owner)
{
    atomic_fetch_add((_Atomic int *)owner, 1);
}

static void a_new_certificate_is_shown_to_newcomers_and_the_old_one_kept_for_the_others(
    void **state)
{
    struct world *w = *state;
    _Atomic int released = 0;
    SSL *early, *late;
    SSL_CTX *second = server_context(), *third = server_context();
    X509 *first_cert = shown(w, &early);
    struct http_tls tls = { .native = second, .owner = &released, .release = count_release };
    w->http->renew(w->http, &tls);
    X509 *second_cert = shown(w, &late);
    assert_int_not_equal(X509_cmp(first_cert, second_cert), 0);
    assert_int_equal(X509_cmp(SSL_CTX_get0_certificate(second), second_cert), 0);
    tls = (struct http_tls){ .native = third };
    w->http->renew(w->http, &tls);
    assert_int_equal(atomic_load(&released), 0);        /* one connection began with it */
    hang_up(late);
    while (atomic_load(&released) == 0) (void)sched_yield();
    hang_up(early);
    w->http->stop(w->http);
    assert_int_equal(atomic_load(&released), 1);
    X509_free(first_cert);
    X509_free(second_cert);
    SSL_CTX_free(second);
    SSL_CTX_free(third);
}

enum { ASKERS = 4, QUESTIONS = 25 };

/* What a new certificate comes with: freed, context and all, when its last connection is gone. */
struct lent {
    SSL_CTX *native;
    _Atomic int *released;
};

static void lent_free(void *owner)
{
    struct lent *l = owner;
    SSL_CTX_free(l->native);
    atomic_fetch_add(l->released, 1);
    free(l);
}

/* Some who ask again and again, each time on a new connection. */
struct askers {
    struct world *w;
    _Atomic int asked;
    _Atomic int answered;
    _Atomic int left;
};

static void *ask_on(void *ctx)
{
    static const char head[] = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    struct askers *a = ctx;
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());
    for (int i = 0; i < QUESTIONS; i++) {
        char text[1024];
        int len = 0, got = 0;
        SSL *ssl = SSL_new(client);
        (void)SSL_set_fd(ssl, dial(a->w));
        if (SSL_connect(ssl) == 1 && SSL_write(ssl, head, sizeof head - 1) > 0)
            while ((got = SSL_read(ssl, text + len, (int)sizeof text - 1 - len)) > 0) len += got;
        text[len] = 0;
        if (strstr(text, "200 OK") != NULL && strstr(text, "GET|/x|") != NULL)
            atomic_fetch_add(&a->answered, 1);
        atomic_fetch_add(&a->asked, 1);
        hang_up(ssl);
    }
    SSL_CTX_free(client);
    atomic_fetch_sub(&a->left, 1);
    return NULL;
}

/* One after each question that was answered meanwhile; returns how many. */
static int renew_on(struct askers *a, _Atomic int *released)
{
    int renewed = 0;
    while (atomic_load(&a->left) > 0) {
        int before = atomic_load(&a->asked);
        struct lent *l = calloc(1, sizeof *l);
        *l = (struct lent){ .native = server_context(), .released = released };
        struct http_tls tls = { .native = l->native, .owner = l, .release = lent_free };
        a->w->http->renew(a->w->http, &tls);
        renewed++;
        while (atomic_load(&a->asked) == before && atomic_load(&a->left) > 0) (void)sched_yield();
    }
    return renewed;
}

/* Reloads renew it from another thread than the one that serves. */
static void all_are_answered_while_the_certificate_changes_again_and_again(void **state)
{
    struct askers a = { .w = *state, .left = ASKERS };
    pthread_t threads[ASKERS];
    _Atomic int released = 0;
    for (int i = 0; i < ASKERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_on, &a), 0);
    int renewed = renew_on(&a, &released);
    for (int i = 0; i < ASKERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&a.answered), ASKERS * QUESTIONS);
    assert_true(renewed > 1);
    a.w->http->stop(a.w->http);
    assert_int_equal(atomic_load(&released), renewed);
}

static void a_peer_that_speaks_no_tls_is_cut(void **state)
{
    struct world *w = *state;
    const char *text = ask(w, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_null(strstr(text, "GET|"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_TLS(name) cmocka_unit_test_setup_teardown(name, set_up_tls, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_request_reaches_the_handler_and_its_answer_the_client),
        TEST(every_method_is_served_and_head_has_a_length_but_no_body),
        TEST(two_requests_share_a_connection),
        TEST(a_large_answer_arrives_whole),
        TEST(a_password_is_asked_for),
        TEST(another_place_is_told_as_it_was_sent),
        TEST(a_bad_request_is_answered_and_not_handled),
        TEST(an_answer_may_come_later_from_another_thread),
        TEST(an_answer_to_a_client_that_left_is_dropped),
        TEST(a_stop_drops_what_is_open_and_later_answers_are_harmless),
        TEST(more_connections_than_allowed_wait_for_their_turn),
        TEST(without_descriptors_a_connection_waits_for_its_turn),
        TEST(a_body_beyond_the_limit_is_refused),
        TEST(a_head_that_never_ends_is_cut),
        TEST(a_port_in_use_is_told),
        TEST_TLS(the_same_works_over_tls),
        TEST_TLS(a_new_certificate_is_shown_to_newcomers_and_the_old_one_kept_for_the_others),
        TEST_TLS(all_are_answered_while_the_certificate_changes_again_and_again),
        TEST_TLS(a_peer_that_speaks_no_tls_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
