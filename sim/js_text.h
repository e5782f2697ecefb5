/* SPDX-License-Identifier: Apache-2.0 */
/* Js_text: as much of JSON and of headers as the checks read, not made of the code under test.
 *
 * Keys are looked for in one object, not below. Pure; slices point into the text. */
#ifndef MIDGE_SIM_JS_TEXT_H
#define MIDGE_SIM_JS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The value of a key of the object `json`: with its braces, brackets or quotes. Empty: no such. */
struct slice js_text_value(struct slice json, const char *key);
/* Digits. 0 when there is none. */
uint64_t js_text_number(struct slice json, const char *key);
bool js_text_has(struct slice json, const char *key);
/* Numbers of an array, one after the other. False at its end. */
bool js_text_next(struct slice *array, uint64_t *ret_number);
/* The value of a header of a block, blanks around it cut; empty when there is none. */
struct slice js_text_header(struct slice block, const char *name);
/* "2026-01-02T03:04:05.6Z" in ns since 1970; 0: it is none. */
int64_t js_text_time(struct slice);
bool js_text_contains(struct slice, const char *what);
/* "NATS/1.0 404 …": 404. 0: there is no status. */
uint32_t js_text_status(struct slice block);

/* "… sequences 5 to 9 of the stream of streams/000000000000000a …": false: it is none such. */
bool js_text_damage(struct slice line, uint64_t *ret_owner, uint64_t *ret_first,
                    uint64_t *ret_last);
/* "… stream 'A > S': 3 messages are damaged and served to nobody: sequences 5, 7-8": the stream's
 * name and the ranges. False: it is none such. */
bool js_text_damaged_stream(struct slice line, struct slice *ret_name, struct slice *ret_ranges);
/* Cuts one off the front. False: there are no more, or no more are named. */
bool js_text_next_range(struct slice *ranges, uint64_t *ret_first, uint64_t *ret_last);

#endif
