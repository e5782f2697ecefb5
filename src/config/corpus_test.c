/* SPDX-License-Identifier: Apache-2.0 */
/* tests/config/ in process: the verdicts of nats-server 2.15.2 against ours, exit code, digest and
 * messages. The script tests/config/run.py compares the same with a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/load.h"
#include "json/reader.h"

static bool file_read(void *ctx, const char *path, struct buf *ret_text, struct errmsg *why)
{
    (void)ctx;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        (void)errmsg_set(why, ERR_IO, "open %s: no such file or directory", path);
        return false;
    }
    char part[4096];
    size_t len;
    while ((len = fread(part, 1, sizeof(part), f)) > 0) buf_add(ret_text, slice_of(part, len));
    bool failed = ferror(f) != 0;
    (void)fclose(f);
    if (failed) (void)errmsg_set(why, ERR_IO, "read %s: is a directory", path);
    return !failed;
}

static const char *environment_get(void *ctx, const char *name)
{
    (void)ctx, (void)name;
    return NULL;
}

static const struct config_source source = { NULL, file_read, environment_get };

/* Every message recorded must be among ours and the other way round. */
static bool messages_equal(struct json_value recorded, const struct buf *said)
{
    struct buf text = { 0 };
    buf_add_byte(&text, '\n');
    buf_add(&text, buf_slice(said));
    buf_add_byte(&text, '\n');
    const char *all = buf_str(&text);
    size_t found = 0;
    bool good = true;
    for (uint32_t i = 0; i < json_count(recorded); i++) {
        struct slice message = { 0 };
        good = good && json_to_slice(json_item(recorded, i), &message);
        char *line = slice_dup(message);
        good = good && strstr(all, line) != NULL;
        found += message.len + 1;
        free(line);
    }
    good = good && found >= said->len + 1;
    buf_deinit(&text);
    return good;
}

static bool verdict_holds(const char *path, struct json_value verdict)
{
    AUTO_FREE(options) o = options_new();
    struct load_report report;
    struct json_value v;
    enum err e = load_file(&source, path, o, &report);
    bool bad = e != ERR_OK || report.warnings.count > 0;
    struct buf said = { 0 };
    load_report_text(&report, &said);
    int64_t code = -1;
    struct slice digest = { 0 };
    bool good = json_member(verdict, "exit", &v) && json_to_i64(v, 0, 2, &code) &&
                (code != 0) == bad;
    if (good && !bad)
        good = json_member(verdict, "digest", &v) && json_to_slice(v, &digest) &&
               slice_equal_str(digest, o->config_digest);
    if (good && json_member(verdict, "messages", &v)) good = messages_equal(v, &said);
    if (!good) print_error("%s: we say %s\n", path, bad ? buf_str(&said) : o->config_digest);
    buf_deinit(&said);
    return good;
}

static void every_file_is_judged_as_nats_server_judges_it(void **state)
{
    (void)state;
    assert_int_equal(chdir("tests/config"), 0);
    struct buf text = { 0 };
    struct errmsg why;
    assert_true(file_read(NULL, "verdicts.json", &text, &why));
    AUTO_FREE(json_doc) doc = NULL;
    const struct json_limits limits = { .size_max = 8 << 20 };
    assert_int_equal(json_doc_parse(buf_slice(&text), &limits, &doc), ERR_OK);
    buf_deinit(&text);
    struct slice name;
    struct json_value verdict;
    uint32_t files = 0, wrong = 0;
    for (uint32_t at = 0; json_next_member(json_doc_root(doc), &at, &name, &verdict); files++) {
        char *path = slice_dup(name);
        if (!verdict_holds(path, verdict)) wrong++;
        free(path);
    }
    assert_true(files >= 170);
    assert_int_equal(wrong, 0);
    assert_int_equal(chdir("../.."), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_file_is_judged_as_nats_server_judges_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
