/* SPDX-License-Identifier: Apache-2.0 */
/* mappings { }: `src: "dest"`, `src: { destination, weight, cluster }`, or an array of the
 * latter. */
#include "config/load_internal.h"
#include "config/value.h"
#include "subject/subject.h"
#include "subject/transform_check.h"

enum { WEIGHT_ALL = 100 };

static bool weight_parse(struct loader *l, const struct value *v, uint32_t *ret_weight)
{
    int64_t weight = 0;
    if (v->kind == VALUE_INTEGER) {
        weight = v->integer;
    } else if (v->kind == VALUE_TEXT) {
        struct slice digits = v->text;
        if (digits.len > 0 && digits.ptr[digits.len - 1] == '%')
            digits = slice_first(digits, digits.len - 1);
        if (!slice_to_i64(digits, &weight)) {
            load_error(l, v->pos, "Invalid weight %s for mapping destination",
                       load_quote(l, arena_str(l->arena, digits)));
            return false;
        }
    } else {
        load_error(l, v->pos, "Unknown entry type for weight of %s", load_value_text(l, v));
        return false;
    }
    if (weight < 0 || weight > WEIGHT_ALL) {
        load_error(l, v->pos, "Invalid weight %lld for mapping destination", (long long)weight);
        return false;
    }
    *ret_weight = (uint32_t)weight;
    return true;
}

/* False after an error. */
static bool destination_parse(struct loader *l, const struct value *v,
                              struct mapping_destination *ret)
{
    bool has_weight = false;
    struct option_pos pos = v->pos;
    for (uint32_t i = 0; i < v->map.count; i++) {
        const struct value_member *m = &v->map.items[i];
        const char *key = load_lower(l->arena, m->key);
        bool good = true;
        if (strcmp(key, "dest") == 0 || strcmp(key, "destination") == 0)
            good = load_text(l, m->value, &ret->subject);
        else if (strcmp(key, "cluster") == 0) good = load_text(l, m->value, &ret->cluster);
        else if (strcmp(key, "weight") == 0) {
            good = weight_parse(l, m->value, &ret->weight);
            has_weight = true;
        } else if (!m->value->is_used) {
            load_error(l, m->value->pos, "Unknown field %s for mapping destination",
                       load_quote(l, key));
            good = false;
        }
        if (!good) return false;
    }
    if (has_weight) return true;
    load_error(l, pos, "Missing weight for mapping destination %s",
               load_quote(l, ret->subject == NULL ? "" : ret->subject));
    return false;
}

static void destination_add(struct loader *l, struct mapping_options *mapping,
                            const struct mapping_destination *d)
{
    void *items = mapping->destinations;
    struct mapping_destination *at = arena_push(l->arena, &items, &mapping->destinations_count,
                                                sizeof(*at));
    mapping->destinations = items;
    *at = *d;
}

static bool entry_add(struct loader *l, const struct value *v, struct mapping_options *mapping)
{
    struct mapping_destination d = { 0 };
    if (v->kind != VALUE_MAP) {
        load_error(l, v->pos, "Expected an entry for the mapping destination");
        return false;
    }
    if (!destination_parse(l, v, &d)) return false;
    destination_add(l, mapping, &d);
    return true;
}

static bool same_text(const char *a, const char *b)
{
    if (a == NULL || b == NULL) return a == b;
    return strcmp(a, b) == 0;
}

/* What Go's AddWeightedMappings would say, or NULL. */
static const char *weights_error(struct loader *l, const struct mapping_options *m)
{
    for (uint32_t i = 0; i < m->destinations_count; i++) {
        const struct mapping_destination *d = &m->destinations[i];
        uint32_t sum = 0;
        for (uint32_t k = 0; k <= i; k++) {
            const struct mapping_destination *other = &m->destinations[k];
            if (k < i && same_text(d->subject, other->subject))
                return arena_printf(l->arena, "duplicate entry for %s",
                                    load_quote(l, d->subject == NULL ? "" : d->subject));
            if (same_text(d->cluster, other->cluster)) sum += other->weight;
        }
        if (sum > WEIGHT_ALL) return "total weight needs to be <= 100";
        if (d->subject == NULL) continue;
        const char *error = transform_error(l->arena, m->source, d->subject);
        if (error != NULL) return error;
    }
    return NULL;
}

static void mapping_check(struct loader *l, const struct value *v, const struct mapping_options *m)
{
    const char *error = weights_error(l, m);
    if (error == NULL) return;
    if (v->kind == VALUE_TEXT)
        load_error(l, v->pos, "Error adding mapping for %s to %s : %s", load_quote(l, m->source),
                   load_quote(l, value_text(v)), error);
    else load_error(l, v->pos, "Error adding mapping for %s : %s", load_quote(l, m->source), error);
}

static void mapping_read(struct loader *l, const struct value_member *member,
                         struct option_pos block, struct mapping_list *list)
{
    const struct value *v = member->value;
    struct mapping_options m = { .source = (const char *)member->key.ptr, .pos = v->pos };
    if (!subject_valid_strict(member->key)) {
        load_error(l, block, "Subject %s is not a valid subject", load_quote(l, m.source));
        return;
    }
    bool good = true;
    l->type_pos = v->pos;
    if (v->kind == VALUE_TEXT) {
        struct mapping_destination d = { .subject = value_text(v), .weight = WEIGHT_ALL };
        destination_add(l, &m, &d);
    } else if (v->kind == VALUE_ARRAY) {
        for (uint32_t i = 0; i < v->array.count; i++)
            good = entry_add(l, v->array.items[i], &m) && good;
    } else {
        good = entry_add(l, v, &m);
    }
    l->type_pos.line = 0;
    if (!good) return;
    mapping_check(l, v, &m);
    void *items = list->items;
    struct mapping_options *at = arena_push(l->arena, &items, &list->count, sizeof(*at));
    list->items = items;
    *at = m;
}

void load_mappings(struct loader *l, const struct field *f)
{
    struct mapping_list *list = (void *)((char *)f->into + f->row->offset);
    if (!load_map(l, f->value)) return;
    *list = (struct mapping_list){ .present = true };
    for (uint32_t i = 0; i < f->value->map.count; i++)
        mapping_read(l, &f->value->map.items[i], f->value->pos, list);
}
