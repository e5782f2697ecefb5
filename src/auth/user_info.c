/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/user_info.h"

#include "base/buf.h"
#include "config/options_auth.h"
#include "json/writer.h"

/* An entry for a queue is written as in the configuration: "subject queue". */
static void write_rule(struct json_writer *w, const struct subject_rule *rule)
{
    if (rule->queue == NULL) {
        json_str(w, rule->subject);
        return;
    }
    struct buf both = { 0 };
    buf_printf(&both, "%s %s", rule->subject, rule->queue);
    json_slice(w, buf_slice(&both));
    buf_deinit(&both);
}

static void write_list(struct json_writer *w, const char *key, const struct subject_rule *list,
                       uint32_t count)
{
    if (count == 0) return;
    json_key(w, key);
    json_array_begin(w);
    for (uint32_t i = 0; i < count; i++) write_rule(w, &list[i]);
    json_array_end(w);
}

static void write_direction(struct json_writer *w, const char *key,
                            const struct subject_rules *rules)
{
    json_key(w, key);
    json_object_begin(w);
    write_list(w, "allow", rules->allow, rules->allow_count);
    write_list(w, "deny", rules->deny, rules->deny_count);
    json_object_end(w);
}

static void write_responses(struct json_writer *w, const struct response_rule *rule)
{
    if (!rule->present) return;
    json_key(w, "responses");
    json_object_begin(w);
    json_key(w, "max");
    json_i64(w, rule->max);
    json_key(w, "ttl");
    json_i64(w, rule->expires);
    json_object_end(w);
}

static void write_permissions(struct json_writer *w, const struct permissions *permissions)
{
    json_key(w, "permissions");
    json_object_begin(w);
    write_direction(w, "publish", &permissions->publish);
    write_direction(w, "subscribe", &permissions->subscribe);
    write_responses(w, &permissions->responses);
    json_object_end(w);
}

void user_info_write(const struct user_info *info, struct json_writer *w)
{
    json_object_begin(w);
    json_key(w, "user");
    json_slice(w, info->user);
    json_key(w, "account");
    json_slice(w, info->account);
    json_key(w, "account_name");
    json_slice(w, info->account);
    if (info->permissions != NULL) write_permissions(w, permission_set_config(info->permissions));
    if (info->expires > 0) {
        json_key(w, "expires");
        json_i64(w, info->expires);
    }
    json_object_end(w);
}
