/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/metadata.h"

#include <stdio.h>

#include "base/assert.h"
#include "stream/limits.h"

static const char required_key[] = "_nats.req.level";
static const char version_key[] = "_nats.ver";
static const char level_key[] = "_nats.level";

static void level_set(struct json_array *map, const char *key, uint32_t level, struct arena *arena)
{
    char text[16];
    assert(level <= JS_API_LEVEL);
    (void)snprintf(text, sizeof text, "%u", level);
    json_map_set(map, key, text, arena);
}

static void answers_drop(struct json_array *map, struct arena *arena)
{
    json_map_set(map, version_key, NULL, arena);
    json_map_set(map, level_key, NULL, arena);
}

void js_metadata_store(struct json_array *map, uint32_t level, struct arena *arena)
{
    answers_drop(map, arena);
    level_set(map, required_key, level, arena);
}

void js_metadata_answer(struct json_array *map, const char *version, struct arena *arena)
{
    assert(version != NULL);
    json_map_set(map, version_key, version, arena);
    level_set(map, level_key, JS_API_LEVEL, arena);
}

void js_metadata_align(struct json_array *map, const struct json_array *present,
                       struct arena *arena)
{
    answers_drop(map, arena);
    json_map_set(map, required_key, json_map_find(present, required_key), arena);
}

bool js_metadata_supported(const struct json_array *map)
{
    const char *level = json_map_find(map, required_key);
    int64_t number;
    if (level == NULL || level[0] == '\0') return true;
    return slice_to_i64(slice_str(level), &number) && number <= JS_API_LEVEL;
}

uint64_t js_metadata_size(const struct json_array *map)
{
    const struct json_pair *pairs = map->items;
    uint64_t size = 0;
    for (uint32_t i = 0; i < map->count; i++) size += strlen(pairs[i].key) + strlen(pairs[i].value);
    return size;
}
