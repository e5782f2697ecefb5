/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of this folder: options from a text, without any file.
 *
 * Thread: one. Memory: the options are the caller's. */
#ifndef MIDGE_CONFIG_TESTING_H
#define MIDGE_CONFIG_TESTING_H

#include "config/load.h"

static inline bool testing_read(void *ctx, const char *path, struct buf *ret_text,
                                struct errmsg *why)
{
    (void)why;
    if (strcmp(path, "a.conf") == 0) buf_add_str(ret_text, ctx);
    else (void)errmsg_set(why, ERR_IO, "open %s: no such file or directory", path);
    return strcmp(path, "a.conf") == 0;
}

static inline const char *testing_getenv(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "HOME") == 0 ? "/h" : NULL;
}

static inline struct options *testing_load(const char *text, struct load_report *ret_report,
                                           enum err *ret_err)
{
    struct options *o = options_new();
    const struct config_source source = { (void *)(uintptr_t)text, testing_read, testing_getenv };
    *ret_err = load_file(&source, "a.conf", o, ret_report);
    return o;
}

/* Options that must be without a mistake, finished. */
static inline struct options *testing_options(const char *text)
{
    struct load_report report;
    enum err e;
    struct options *o = testing_load(text, &report, &e);
    if (e != ERR_OK) return options_free(o);
    options_finish(o);
    return o;
}

#endif
