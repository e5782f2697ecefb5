/* SPDX-License-Identifier: Apache-2.0 */
/* evhttp knows neither a limit of connections nor a deadline for a whole request head. Both hang on
 * a filter bufferevent around each connection's socket: it does nothing to the bytes, but tells
 * when the connection is gone. */
#include "os/http.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/list.h"
#include "base/units.h"
#include "os/net.h"
#include "os/thread.h"

static const struct timeval HEAD_DEADLINE = { .tv_sec = 5 };
static const struct timeval IDLE_DEADLINE = { .tv_sec = 60 };
static const struct timeval ACCEPT_PAUSE = { .tv_usec = 100 * 1000 };

static const char IDLE[] = "waiting for requests";

enum { HEAD_MAX = 1024 * 1024, BODY_MAX = 1024 * 1024 };

/* Counted: one of the server, one of each connection. */
struct trust {
    struct http_tls      tls;
    _Atomic uint32_t     refs;
};

struct os_http {
    struct http            base;
    struct roster         *roster;
    struct http_options    options;
    struct thread         *thread;          /* NULL: not started */
    struct event_base     *loop;
    struct evhttp         *server;
    struct evconnlistener *listener;
    struct event          *wake_event;
    struct event          *accept_event;    /* ends a pause after accept() failed */
    struct list            peers;
    uint32_t               peers_count;
    int                    wake;            /* an eventfd; -1: not started */
    pthread_mutex_t        mutex;           /* guards what follows */
    struct list            requests;        /* all that are not freed yet */
    struct list            replies;         /* answered, to be sent */
    struct trust          *trust;           /* of connections to come; NULL: plain */
    bool                   stop;
};

/* One connection, from accept to close. */
struct peer {
    struct list         node;
    struct os_http     *http;
    struct trust       *trust;              /* NULL: plain */
    struct bufferevent *stream;
    struct event       *adopt;
    struct event       *deadline;
};

struct os_request {
    struct http_request    base;
    struct list            node;            /* in http->requests */
    struct list            reply_node;      /* in http->replies */
    struct evhttp_request *request;         /* NULL: the server was stopped meanwhile */
    struct http_response   response;
    char                  *target, *path, *query;
    bool                   is_head;
};

static struct os_http *http_from(struct http *base)
{
    return container_of(base, struct os_http, base);
}

static void take(struct os_http *h)
{
    int failed = pthread_mutex_lock(&h->mutex);
    assert(failed == 0);
}

static void drop(struct os_http *h)
{
    int failed = pthread_mutex_unlock(&h->mutex);
    assert(failed == 0);
}

static void wake(struct os_http *h)
{
    uint64_t one = 1;
    if (write(h->wake, &one, sizeof one) < 0) maybe(errno == EAGAIN);
}

/* --- what TLS begins with --- */

static struct trust *trust_new(const struct http_tls *take_tls)
{
    if (take_tls->native == NULL) return NULL;
    struct trust *t = xcalloc(1, sizeof *t);
    t->tls = *take_tls;
    atomic_init(&t->refs, 1);
    return t;
}

static struct trust *trust_ref(struct trust *t)
{
    if (t != NULL) atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

static struct trust *trust_unref(struct trust *t)
{
    if (t == NULL) return NULL;
    uint32_t before = atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1) return NULL;
    if (t->tls.release != NULL) t->tls.release(t->tls.owner);
    return xfree(t);
}

static void http_renew(struct http *base, const struct http_tls *take_tls)
{
    struct os_http *h = http_from(base);
    struct trust *new = trust_new(take_tls);
    assert(new != NULL);
    take(h);
    struct trust *old = h->trust;
    h->trust = new;
    drop(h);
    assert(old != NULL);
    (void)trust_unref(old);
}

/* --- connections --- */

static void peer_gone(struct evhttp_connection *connection, void *ctx)
{
    (void)connection;
    struct peer *p = ctx;
    struct os_http *h = p->http;
    list_remove(&p->node);
    h->peers_count--;
    event_free(p->adopt);
    event_free(p->deadline);
    p->trust = trust_unref(p->trust);
    (void)xfree(p);
    if (h->listener != NULL) (void)evconnlistener_enable(h->listener);
}

static void peer_adopt(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct peer *p = ctx;
    void *connection = NULL;
    bufferevent_getcb(p->stream, NULL, NULL, NULL, &connection);
    assert(connection != NULL);
    assert(evhttp_connection_get_bufferevent(connection) == p->stream);
    evhttp_connection_set_closecb(connection, peer_gone, p);
}

/* The bufferevent sees the end of the stream and evhttp cleans up. */
static void peer_late(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct peer *p = ctx;
    int sock = bufferevent_getfd(p->stream);
    if (sock >= 0) (void)shutdown(sock, SHUT_RDWR);
}

static struct bufferevent *socket_event(struct os_http *h, const struct trust *trust)
{
    if (trust == NULL) return bufferevent_socket_new(h->loop, -1, BEV_OPT_CLOSE_ON_FREE);
    SSL *ssl = SSL_new(trust->tls.native);
    assert(ssl != NULL);
    struct bufferevent *b = bufferevent_openssl_socket_new(
        h->loop, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    assert(b != NULL);
    bufferevent_openssl_set_allow_dirty_shutdown(b, 1);
    return b;
}

static struct bufferevent *peer_new(struct event_base *loop, void *ctx)
{
    struct os_http *h = ctx;
    struct peer *p = xcalloc(1, sizeof *p);
    p->http = h;
    take(h);
    p->trust = trust_ref(h->trust);
    drop(h);
    p->stream = socket_event(h, p->trust);
    p->adopt = event_new(loop, -1, 0, peer_adopt, p);
    p->deadline = evtimer_new(loop, peer_late, p);
    assert(p->stream != NULL);
    assert(p->adopt != NULL);
    assert(p->deadline != NULL);
    event_active(p->adopt, EV_TIMEOUT, 0);
    (void)evtimer_add(p->deadline, &HEAD_DEADLINE);
    list_add_tail(&h->peers, &p->node);
    h->peers_count++;
    if (h->peers_count >= HTTP_CONNECTIONS_MAX) (void)evconnlistener_disable(h->listener);
    return p->stream;
}

static struct peer *peer_of(struct os_http *h, struct evhttp_request *request)
{
    struct evhttp_connection *c = evhttp_request_get_connection(request);
    if (c == NULL) return NULL;
    struct bufferevent *stream = evhttp_connection_get_bufferevent(c);
    LIST_EACH(&h->peers, node) {
        struct peer *p = container_of(node, struct peer, node);
        if (p->stream == stream) return p;
    }
    return NULL;
}

static void accept_again(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    struct os_http *h = ctx;
    if (h->peers_count < HTTP_CONNECTIONS_MAX) (void)evconnlistener_enable(h->listener);
}

static void on_wake(evutil_socket_t fd, short what, void *ctx);

static int find_http(const struct event_base *loop, const struct event *e, void *ret_http)
{
    (void)loop;
    if (event_get_callback(e) != on_wake) return 0;
    *(struct os_http **)ret_http = event_get_callback_arg(e);
    return 1;
}

/* Out of descriptors: without a pause the loop would spin. The context of a bound listener is
 * evhttp's; ours hangs on the event that is always there. */
static void accept_failed(struct evconnlistener *listener, void *ctx)
{
    struct os_http *h = NULL;
    (void)ctx;
    (void)event_base_foreach_event(evconnlistener_get_base(listener), find_http, &h);
    assert(h != NULL);
    assert(h->listener == listener);
    (void)evconnlistener_disable(listener);
    (void)evtimer_add(h->accept_event, &ACCEPT_PAUSE);
}

/* --- requests --- */

static void request_free(struct os_request *r)
{
    list_remove(&r->node);
    list_remove(&r->reply_node);
    buf_deinit(&r->response.body);
    buf_deinit(&r->response.location);
    r->target = xfree(r->target);
    r->path = xfree(r->path);
    r->query = xfree(r->query);
    (void)xfree(r);
}

static const char *method_text(enum evhttp_cmd_type method)
{
    static const struct {
        enum evhttp_cmd_type type;
        const char          *text;
    } rows[] = {
        { EVHTTP_REQ_GET, "GET" },         { EVHTTP_REQ_POST, "POST" },
        { EVHTTP_REQ_HEAD, "HEAD" },       { EVHTTP_REQ_PUT, "PUT" },
        { EVHTTP_REQ_DELETE, "DELETE" },   { EVHTTP_REQ_OPTIONS, "OPTIONS" },
        { EVHTTP_REQ_TRACE, "TRACE" },     { EVHTTP_REQ_PATCH, "PATCH" },
        { EVHTTP_REQ_CONNECT, "CONNECT" },
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].type == method) return rows[i].text;
    return "";
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static char *copy_of(const char *text, size_t len)
{
    char *copy = xalloc(len + 1);
    memcpy(copy, text, len);
    copy[len] = 0;
    return copy;
}

/* Path and query as they were sent. A target that begins with a slash is cut here: in "//varz"
 * evhttp sees a host. */
static void split_target(struct evhttp_request *request, struct os_request *to)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
    const char *sent = evhttp_request_get_uri(request);
    if (sent != NULL && sent[0] == '/') {
        size_t path = strcspn(sent, "?#");
        size_t query = sent[path] == '?' ? strcspn(sent + path + 1, "#") : 0;
        to->target = copy_of(sent, path);
        to->query = copy_of(sent[path] == '?' ? sent + path + 1 : "", query);
        return;
    }
    const char *path = uri == NULL ? "" : or_empty(evhttp_uri_get_path(uri));
    to->target = xstrdup(path[0] == 0 ? "/" : path);
    to->query = xstrdup(uri == NULL ? "" : or_empty(evhttp_uri_get_query(uri)));
}

/* On the heap; NULL when there is a NUL inside. */
static char *decoded(const char *target)
{
    size_t size = 0;
    char *text = evhttp_uridecode(target, 0, &size);
    if (text == NULL) return NULL;
    char *path = strlen(text) == size ? xstrdup(text) : NULL;
    free(text);
    return path;
}

static void on_request(struct evhttp_request *request, void *ctx)
{
    struct os_http *h = ctx;
    struct peer *p = peer_of(h, request);
    if (p != NULL) (void)evtimer_del(p->deadline);
    struct os_request *r = xcalloc(1, sizeof *r);
    enum evhttp_cmd_type method = evhttp_request_get_command(request);
    list_init(&r->node);
    list_init(&r->reply_node);
    split_target(request, r);
    r->path = decoded(r->target);
    if (r->path == NULL) {
        request_free(r);
        evhttp_send_error(request, HTTP_BADREQUEST, NULL);
        return;
    }
    r->request = request;
    r->is_head = method == EVHTTP_REQ_HEAD;
    r->base = (struct http_request){
        .method = method_text(method),
        .target = r->target,
        .path = r->path,
        .query = r->query,
        .authorization = or_empty(
            evhttp_find_header(evhttp_request_get_input_headers(request), "Authorization")),
    };
    take(h);
    list_add_tail(&h->requests, &r->node);
    drop(h);
    roster_doing(h->roster, "answering a request");
    h->options.handle(h->options.ctx, &r->base);
    roster_doing(h->roster, IDLE);
}

/* --- replies --- */

static void free_bytes(const void *bytes, size_t size, void *ctx)
{
    (void)bytes;
    (void)size;
    (void)xfree(ctx);
}

static void add_headers(struct evkeyvalq *headers, struct http_response *response)
{
    (void)evhttp_add_header(headers, "Content-Type", response->content_type);
    if (response->cors) (void)evhttp_add_header(headers, "Access-Control-Allow-Origin", "*");
    if (response->location.len > 0)
        (void)evhttp_add_header(headers, "Location", buf_str(&response->location));
    if (response->authenticate)
        (void)evhttp_add_header(headers, "WWW-Authenticate", "Basic realm=\"monitoring\"");
}

static void send_reply(struct os_http *h, struct os_request *r)
{
    struct http_response *response = &r->response;
    struct evkeyvalq *headers = evhttp_request_get_output_headers(r->request);
    add_headers(headers, response);
    struct peer *p = peer_of(h, r->request);
    if (p != NULL) (void)evtimer_add(p->deadline, &IDLE_DEADLINE);
    struct evbuffer *body = evbuffer_new();
    assert(body != NULL);
    if (r->is_head) {
        char len[16];
        (void)snprintf(len, sizeof len, "%u", response->body.len);
        (void)evhttp_add_header(headers, "Content-Length", len);
    } else if (response->body.len > 0) {
        uint8_t *bytes = response->body.ptr;
        (void)evbuffer_add_reference(body, bytes, response->body.len, free_bytes, bytes);
        response->body = (struct buf){ 0 };
    }
    const char *reason = response->status == 307 ? "Temporary Redirect" : NULL;
    evhttp_send_reply(r->request, response->status, reason, body);
    evbuffer_free(body);
}

static struct os_request *next_reply(struct os_http *h)
{
    take(h);
    struct list *node = list_pop(&h->replies);
    drop(h);
    return node == NULL ? NULL : container_of(node, struct os_request, reply_node);
}

static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
    (void)what;
    struct os_http *h = ctx;
    uint64_t count;
    if (read(fd, &count, sizeof count) < 0) maybe(errno == EAGAIN);
    take(h);
    bool stop = h->stop;
    drop(h);
    if (stop) {
        (void)event_base_loopbreak(h->loop);
        return;
    }
    roster_doing(h->roster, "sending replies");
    for (struct os_request *r = next_reply(h); r != NULL; r = next_reply(h)) {
        send_reply(h, r);
        take(h);
        request_free(r);
        drop(h);
    }
    roster_doing(h->roster, IDLE);
}

static void http_reply(struct http *base, struct http_request *request,
                       struct http_response *take_response)
{
    struct os_http *h = http_from(base);
    struct os_request *r = container_of(request, struct os_request, base);
    take(h);
    assert(list_empty(&r->reply_node));
    r->response = *take_response;
    *take_response = (struct http_response){ 0 };
    if (r->request == NULL) {
        request_free(r);
    } else {
        list_add_tail(&h->replies, &r->reply_node);
        wake(h);
    }
    drop(h);
}

/* --- start and stop --- */

static void http_main(void *ctx)
{
    struct os_http *h = ctx;
    roster_doing(h->roster, IDLE);
    (void)event_base_loop(h->loop, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void build_server(struct os_http *h, int sock)
{
    h->loop = event_base_new();
    h->server = evhttp_new(h->loop);
    h->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert(h->wake >= 0);
    h->listener = evconnlistener_new(h->loop, NULL, NULL,
                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, sock);
    assert(h->listener != NULL);
    evconnlistener_set_error_cb(h->listener, accept_failed);
    evhttp_set_gencb(h->server, on_request, h);
    evhttp_set_bevcb(h->server, peer_new, h);
    evhttp_set_max_headers_size(h->server, HEAD_MAX);
    evhttp_set_max_body_size(h->server, BODY_MAX);
    evhttp_set_allowed_methods(h->server, UINT16_MAX);
    struct evhttp_bound_socket *bound = evhttp_bind_listener(h->server, h->listener);
    assert(bound != NULL);
    h->wake_event = event_new(h->loop, h->wake, EV_READ | EV_PERSIST, on_wake, h);
    h->accept_event = evtimer_new(h->loop, accept_again, h);
    (void)event_add(h->wake_event, NULL);
}

static void tear_down(struct os_http *h)
{
    struct evhttp *server = h->server;
    h->listener = NULL;                     /* evhttp frees it */
    h->server = NULL;
    event_free(h->wake_event);
    event_free(h->accept_event);
    evhttp_free(server);
    (void)event_base_loop(h->loop, EVLOOP_NONBLOCK);        /* what was deferred */
    event_base_free(h->loop);
    h->loop = NULL;
    (void)close(h->wake);
    h->wake = -1;
}

static enum err http_start(struct http *base, const struct http_options *options,
                           struct net_addr *ret_bound, struct errmsg *why)
{
    struct os_http *h = http_from(base);
    assert(h->thread == NULL);
    struct net_listen where = { .host = options->host, .port = options->port };
    int sock;
    enum err e = os_listen(NULL, &where, &sock, ret_bound, why);
    if (e) return e;
    h->options = *options;
    h->options.host = NULL;                 /* borrowed for the call */
    h->stop = false;
    h->trust = trust_new(&options->tls);
    build_server(h, sock);
    h->thread = thread_start(h->roster, "monitor", http_main, h);
    if (h->thread != NULL) return ERR_OK;
    tear_down(h);
    if (h->trust != NULL) h->trust->tls.release = NULL;     /* the caller keeps it */
    h->trust = trust_unref(h->trust);
    return errmsg_set(why, ERR_LIMIT, "no thread for monitoring");
}

static void http_stop(struct http *base)
{
    struct os_http *h = http_from(base);
    if (h->thread == NULL) return;
    take(h);
    h->stop = true;
    wake(h);
    drop(h);
    h->thread = thread_join(h->thread);
    take(h);
    LIST_EACH(&h->replies, node) request_free(container_of(node, struct os_request, reply_node));
    LIST_EACH(&h->requests, node) container_of(node, struct os_request, node)->request = NULL;
    drop(h);
    tear_down(h);
    h->trust = trust_unref(h->trust);
}

struct http *os_http_new(struct roster *roster)
{
    struct os_http *h = xcalloc(1, sizeof *h);
    h->base = (struct http){
        .start = http_start,
        .renew = http_renew,
        .reply = http_reply,
        .stop = http_stop,
    };
    h->roster = roster;
    h->wake = -1;
    list_init(&h->peers);
    list_init(&h->requests);
    list_init(&h->replies);
    int failed = pthread_mutex_init(&h->mutex, NULL);
    assert(failed == 0);
    return &h->base;
}

struct http *os_http_free(struct http *base)
{
    if (base == NULL) return NULL;
    struct os_http *h = http_from(base);
    http_stop(base);
    LIST_EACH(&h->requests, node) request_free(container_of(node, struct os_request, node));
    (void)pthread_mutex_destroy(&h->mutex);
    return xfree(h);
}
