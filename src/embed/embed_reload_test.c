/* SPDX-License-Identifier: Apache-2.0 */
/* Reloads that turn JetStream on and off under traffic: several reactors publish to what becomes a
 * stream, subscribers and the monitoring pages look on. Also what ThreadSanitizer has to see. */
#include "embed/embed_testing.h"

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    REACTORS = 4,
    TALKERS = 4,
    ROUNDS = 3,
    STORED = 100, /* by the talkers, in one round, at least */
};

struct world {
    char          folder[64];
    struct midge *server;
    int           monitor;
    atomic_bool   is_over;
    atomic_uint   said; /* by all talkers */
    pthread_t     talkers[TALKERS];
    pthread_t     reader;
};

/* What a thread is. */
struct talker {
    struct world *world;
    int           number;
};

static void configure(const struct world *w, const char *more)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/server.conf", w->folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fprintf(f,
                  "listen: \"127.0.0.1:-1\"\nhttp: \"127.0.0.1:-1\"\nlog_file: \"/dev/null\"\n"
                  "ports_file_dir: \"%s\"\n%s\n",
                  w->folder, more);
    assert_int_equal(fclose(f), 0);
}

static void configure_streams(const struct world *w)
{
    char text[128];
    (void)snprintf(text, sizeof text, "jetstream { store_dir: \"%s/store\" }", w->folder);
    configure(w, text);
}

static void reload(struct world *w)
{
    char error[MIDGE_ERROR_SIZE];
    assert_int_equal(midge_reload(w->server, error, sizeof error), MIDGE_OK);
}

/* "monitoring":["http://127.0.0.1:PORT"] */
static int monitor_port(const struct world *w)
{
    char path[128], text[1024];
    (void)snprintf(path, sizeof path, "%s/test_%d.ports", w->folder, (int)getpid());
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text - 1, f);
    text[len] = 0;
    assert_int_equal(fclose(f), 0);
    const char *at = strstr(text, "\"monitoring\"");
    assert_non_null(at);
    at = strstr(at, "127.0.0.1:");
    assert_non_null(at);
    return (int)strtol(at + strlen("127.0.0.1:"), NULL, 10);
}

static int setup(void **state)
{
    static struct world w;
    char path[128], error[MIDGE_ERROR_SIZE] = "";
    w = (struct world){ .folder = "/tmp/midge-embed-XXXXXX" };
    assert_non_null(mkdtemp(w.folder));
    configure(&w, "");
    (void)snprintf(path, sizeof path, "%s/server.conf", w.folder);
    const char *const arguments[] = { "test", "-c", path, NULL };
    struct midge_setup options = {
        .size = sizeof options, .argc = 3, .argv = arguments, .reactors = REACTORS
    };
    w.server = midge_new(&options, error, sizeof error);
    assert_non_null(w.server);
    assert_int_equal(midge_configure(w.server, error, sizeof error), MIDGE_OK);
    assert_int_equal(midge_start(w.server, error, sizeof error), MIDGE_OK);
    w.monitor = monitor_port(&w);
    *state = &w;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    struct world *w = *state;
    midge_free(w->server);
    return nftw(w->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- who is served meanwhile ---- */

/* What one client says another hears, each perhaps on another reactor; a stream may take it,
 * too. */
static void *talk(void *ctx)
{
    const struct talker *t = ctx;
    struct world *w = t->world;
    int from = dial(w->server), to = dial(w->server);
    char text[64];
    (void)snprintf(text, sizeof text, "CONNECT {\"verbose\":false}\r\nSUB s.%d 1\r\nPING\r\n",
                   t->number);
    say(to, text);
    hear(to, "PONG\r\n");
    say(from, "CONNECT {\"verbose\":false}\r\n");
    (void)snprintf(text, sizeof text, "PUB s.%d 2\r\nhi\r\nPUB s.%d reply.%d 3\r\nend\r\n",
                   t->number, t->number, t->number);
    while (!atomic_load(&w->is_over)) {
        say(from, text);
        hear(to, "end\r\n");
        (void)atomic_fetch_add(&w->said, 1);
    }
    (void)close(from);
    (void)close(to);
    return NULL;
}

/* Pages are whole at any moment. */
static void *read_pages(void *ctx)
{
    static const char *const pages[] = { "jsz?accounts=true&streams=true", "healthz", "varz",
                                         "connz", "accountz" };
    struct world *w = ctx;
    char text[128];
    for (unsigned i = 0; !atomic_load(&w->is_over); i++) {
        int fd = dial_port(w->monitor);
        (void)snprintf(text, sizeof text, "GET /%s HTTP/1.0\r\n\r\n", pages[i % 5]);
        say(fd, text);
        hear(fd, "HTTP/1.");
        while (recv(fd, text, sizeof text, 0) > 0) continue;
        (void)close(fd);
    }
    return NULL;
}

/* ---- what is asked of JetStream ---- */

static int ask_dial(const struct world *w)
{
    int fd = dial(w->server);
    say(fd, "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":true}\r\n"
            "SUB inbox 1\r\nPING\r\n");
    hear(fd, "PONG\r\n");
    return fd;
}

static void ask(int fd, const char *subject, const char *body)
{
    char text[512];
    (void)snprintf(text, sizeof text, "PUB %s inbox %zu\r\n%s\r\n", subject, strlen(body), body);
    say(fd, text);
}

/* Until it is answered, or (when JetStream is to be off) until nobody answers any more. What was
 * asked while it turned off may hear nothing. */
static void ask_until(int fd, bool is_on)
{
    const char *wanted = is_on ? "account_info_response" : "503";
    for (bool is_heard = false; !is_heard;) {
        ask(fd, "$JS.API.INFO", "");
        say(fd, "PING\r\n");
        is_heard = hear_with(fd, wanted, "PONG\r\n");
    }
}

static void use(struct world *w, int fd)
{
    unsigned begin = atomic_load(&w->said);
    ask(fd, "$JS.API.STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.*\",\"own\"]}");
    hear(fd, "stream_create_response");
    ask(fd, "$JS.API.CONSUMER.CREATE.S.C",
        "{\"stream_name\":\"S\",\"config\":{\"name\":\"C\",\"durable_name\":\"C\","
        "\"ack_policy\":\"explicit\"}}");
    hear(fd, "consumer_create_response");
    for (bool first = true; first || atomic_load(&w->said) - begin < STORED; first = false) {
        ask(fd, "own", "x");
        hear(fd, "\"stream\":\"S\"");
        ask(fd, "$JS.API.CONSUMER.MSG.NEXT.S.C", "1");
        hear(fd, "MSG ");
    }
}

/* ---- */

static void streams_come_and_go_under_traffic(void **state)
{
    struct world *w = *state;
    struct talker talkers[TALKERS];
    for (int i = 0; i < TALKERS; i++) {
        talkers[i] = (struct talker){ w, i };
        assert_int_equal(pthread_create(&w->talkers[i], NULL, talk, &talkers[i]), 0);
    }
    assert_int_equal(pthread_create(&w->reader, NULL, read_pages, w), 0);
    int fd = ask_dial(w);
    for (int round = 0; round < ROUNDS; round++) {
        configure_streams(w);
        reload(w);
        ask_until(fd, true);
        use(w, fd);
        if (round + 1 == ROUNDS) break;     /* it ends with streams on */
        configure(w, "");
        reload(w);
        ask_until(fd, false);
    }
    atomic_store(&w->is_over, true);
    for (int i = 0; i < TALKERS; i++) assert_int_equal(pthread_join(w->talkers[i], NULL), 0);
    assert_int_equal(pthread_join(w->reader, NULL), 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(streams_come_and_go_under_traffic, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
