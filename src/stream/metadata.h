/* SPDX-License-Identifier: Apache-2.0 */
/* Metadata: the keys `_nats.*` that the server keeps in the metadata of streams and consumers.
 *
 * Stored is only what the asset needs, "_nats.req.level"; the version and level of the server that
 * answers are added to answers and dropped from what comes in. Maps are those of JSON_TEXT_MAP.
 * Pure; thread: any; memory: changed maps lie in the arena that is given. */
#ifndef MIDGE_STREAM_METADATA_H
#define MIDGE_STREAM_METADATA_H

#include "json/table.h"

/* What is stored: drops what only answers have and sets the level that is needed. */
void js_metadata_store(struct json_array *map, uint32_t level, struct arena *);

/* What is answered: with the version and the level of this server. */
void js_metadata_answer(struct json_array *map, const char *version, struct arena *);

/* Before comparing with a present configuration: takes over its level, or drops one's own. */
void js_metadata_align(struct json_array *map, const struct json_array *present, struct arena *);

/* False: the asset needs a higher level than this server has, or its level is no number. */
bool js_metadata_supported(const struct json_array *map);

/* Bytes of all keys and values. */
uint64_t js_metadata_size(const struct json_array *map);

#endif
