/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: what JetStream's API answers instead of a success.
 *
 * The value of `enum js_err` is the err_code. Checks take a `struct js_error *ret_error` and end
 * with `return js_error_set(...)`, which is false.
 * Pure; thread: any; memory: `struct js_error` is a plain value of the caller; its text is cut,
 * never overrun, at JS_ERROR_TEXT_SIZE - 1 bytes. */
#ifndef MIDGE_STREAM_ERRORS_H
#define MIDGE_STREAM_ERRORS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "json/writer.h"
#include "stream/errors_list.h"

enum js_err {
    JS_ERR_NONE = 0,
#define X(name, err_code, code, text) JS_ERR_##name = (err_code),
    JS_ERROR_LIST(X)
#undef X
};

enum { JS_ERROR_TEXT_SIZE = 1024 };

/* err_code 0: no error. */
struct js_error {
    uint16_t err_code;
    uint16_t code;
    char     text[JS_ERROR_TEXT_SIZE];
};

/* Fills `ret`, which may be NULL. As many `const char *` follow as the description has {values}, in
 * their order. Returns false. */
bool js_error_set(struct js_error *ret, enum js_err, ...);

/* The same for a description with one {value}, which `format` makes. */
bool js_error_setf(struct js_error *ret, enum js_err, const char *format, ...) PRINTF_LIKE(3, 4);

/* {"code":…,"err_code":…,"description":"…"} */
void js_error_write(const struct js_error *, struct json_writer *);

/* A row of the list, for tables of errors and their test. `index` < js_error_count(). */
struct js_error_row {
    uint16_t    err_code;
    uint16_t    code;
    const char *text;                   /* with {values} */
};
uint32_t js_error_count(void);
struct js_error_row js_error_row(uint32_t index);

#endif
