/* SPDX-License-Identifier: Apache-2.0 */
/* What a key-value client does with the bucket `bench`, as kinds of questions: put, get and
 * compare-and-set, each on the next key, round and round.
 *
 * Thread:  one.
 * Memory:  until the process ends; a revision of 8 bytes for each key.
 * Errors:  a wrong answer counts as an error.
 */
#pragma once

#include <stdint.h>

#include "natsbench_api.h"
#include "natsbench_ask.h"

#define KV_STREAM "KV_bench"
#define KV_SUBJECTS "$KV.bench.>"
#define KV_SUBJECT_BYTES 32

struct kv;

struct kv *kv_new(const struct options *);          /* keys: the option `subjects` */
struct ask_kind kv_put(struct kv *);
struct ask_kind kv_get(struct kv *);
struct ask_kind kv_cas(struct kv *);    /* 0 or the revision that the key's last answer said */

void kv_bucket_new(struct api *, const struct options *);
void kv_subject(char out[KV_SUBJECT_BYTES], uint64_t key);
