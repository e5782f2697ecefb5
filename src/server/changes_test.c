/* SPDX-License-Identifier: Apache-2.0 */
#include "server/changes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/testing.h"

#define USERS "Reloaded: authorization users|Reloaded: accounts|"
#define NKEY  "UDKTV7HZVYJFJN64LLMYQBUR6MTNNYCDC3LAZH4VHURW3GZLL3FULBXV"
#define PIN   "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""

struct note_book {
    struct log log;
    struct buf text;
};

static void keep(struct log *l, enum log_level level, struct slice text)
{
    struct note_book *b = (struct note_book *)(void *)l;
    assert_int_equal(level, LOG_INFO);
    buf_add(&b->text, text);
    buf_add_byte(&b->text, '|');
}

static const struct {
    const char *old_text, *new_text;
    const char *want;
} rows[] = {
    { "", "", USERS },
    { "", "debug: true", "Reloaded: debug = true|" USERS },
    { "log_file: a", "", USERS "Reloaded: log_file = |" },
    { "pid_file: a", "", USERS },
    { "", "no_fast_producer_stall: true", USERS "Reloaded: fast producers will not be stalled|" },
    { "no_fast_producer_stall: true", "", USERS "Reloaded: fast producers will be stalled|" },
    { "accounts { A {} }", "accounts { B {} }", USERS },
    { "", "authorization { token: a }", USERS "Reloaded: authorization token|" },
    { "authorization { user: a, password: b }", "authorization { user: a, password: c }",
      USERS "Reloaded: authorization password|" },
    { "authorization { users: [ { user: a, password: b } ] }",
      "authorization { users: [ { nkey: " NKEY " } ] }",
      "Reloaded: authorization nkey users|" USERS },
    { "authorization { token: a, timeout: 1 }", "authorization { token: a, timeout: 1.5 }",
      USERS "Reloaded: authorization timeout = 1.5|" },
    { "", "tls {}", USERS "Reloaded: authorization timeout = 3|Reloaded: tls = enabled|" },
    { "tls {}", "", USERS "Reloaded: authorization timeout = 2|Reloaded: tls = disabled|" },
    { "tls {}", "tls { timeout: 7 }",
      USERS "Reloaded: authorization timeout = 8|Reloaded: tls timeout = 7|" },
    { "tls {}", "tls { verify: true }", USERS "Reloaded: tls = enabled|" },
    { "tls {}", "tls { pinned_certs: [" PIN "] }", USERS "Reloaded: 1 pinned_certs|" },
    { "tls {}", "tls { handshake_first: true }",
      USERS "Reloaded: Client TLS handshake first: true|" },
    { "tls {}", "tls { handshake_first: auto }",
      USERS "Reloaded: Client TLS handshake first: true|"
            "Reloaded: Client TLS handshake first fallback delay: 50ms|" },
    { "", "store_dir: a", USERS },
    { "jetstream { max_mem: 1G, max_file: 1G }",
      "jetstream { max_mem: 2G, max_file: 3G, limits { max_ack_pending: 5 }, meta_compact: 5 }",
      USERS "Reloaded: JetStream max_mem_store = 1.86 GB|"
            "Reloaded: JetStream max_file_store = 2.79 GB|Reloaded: JetStream limits|" },
    { "", "jetstream { max_mem: 1G }", USERS "Reloaded: JetStream|" },
    { "jetstream { max_mem: 1G }", "", USERS "Reloaded: JetStream|" },
    { "cluster { port: 1, name: a }", "cluster { port: 1, name: b, no_advertise: true }",
      USERS "Reloaded: cluster|" },
    { "leafnodes {}", "leafnodes { remotes: [ { url: \"nats://a\" } ] }",
      USERS "Reloaded: leafnodes.remotes|" },
};

static void each_change_has_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        AUTO_FREE(options) old = testing_options(rows[i].old_text);
        AUTO_FREE(options) new = testing_options(rows[i].new_text);
        AUTO_FREE(arena) arena = arena_new();
        struct note_book book = { .log.write = keep };
        struct reload_diff diff;
        struct errmsg why;
        assert_non_null(old);
        assert_non_null(new);
        assert_int_equal(reload_compare(old, new, arena, &diff, &why), ERR_OK);
        const struct changes changes = { old, new, &diff };
        changes_tell(&book.log, &changes);
        assert_string_equal(buf_str(&book.text), rows[i].want);
        buf_deinit(&book.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_change_has_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
