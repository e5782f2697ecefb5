/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor/request.h"

#include "base/assert.h"

void request_text(struct request *r, int status, const char *text)
{
    assert(r->response.status == 0);
    r->response.status = status;
    r->response.content_type = "text/plain; charset=utf-8";
    buf_add_str(&r->response.body, text);
}

void request_redirect(struct request *r, const char *location)
{
    assert(r->response.status == 0);
    assert(location[0] == '/');
    r->response.status = 307;
    r->response.content_type = "text/html; charset=utf-8";
    buf_add_str(&r->response.location, location);
    buf_add_str(&r->response.body, "<a href=\"");
    for (const char *p = location; *p != '\0'; p++)
        if (*p == '&') buf_add_str(&r->response.body, "&amp;");
        else buf_add_byte(&r->response.body, (uint8_t)*p);
    buf_add_str(&r->response.body, "\">Temporary Redirect</a>.\n\n");
}

bool request_failed(struct request *r)
{
    if (r->query.error == NULL) return false;
    request_text(r, 400, r->query.error);
    return true;
}

void request_json_body(struct request *r, int status, struct buf *take_body)
{
    assert(r->response.status == 0);
    r->response.status = status;
    r->response.content_type = "application/json";
    r->response.cors = true;
    r->response.body = *take_body;
    *take_body = (struct buf){ 0 };
}

void request_json(struct request *r, const struct json_table *table, const void *from)
{
    struct buf body = { 0 };
    struct json_writer w = json_writer_on(&body, JSON_INDENT_2);
    json_table_write(table, from, &w);
    request_json_body(r, 200, &body);
}

const char *request_uptime(struct request *r, nanos d)
{
    uint64_t seconds = d > 0 ? (uint64_t)(d / SECOND) : 0;
    uint64_t minutes = seconds / 60, hours = minutes / 60, days = hours / 24, years = days / 365;
    const uint64_t parts[] = { years, days % 365, hours % 24, minutes % 60, seconds % 60 };
    static const char units[] = "ydhms";
    struct buf text = { 0 };
    for (uint32_t i = 0; i < ARRAY_COUNT(parts); i++)
        if (text.len > 0 || parts[i] > 0 || i + 1 == ARRAY_COUNT(parts))
            buf_printf(&text, "%llu%c", (unsigned long long)parts[i], units[i]);
    const char *copy = arena_str(r->arena, buf_slice(&text));
    buf_deinit(&text);
    return copy;
}

struct json_array request_texts(const struct string_list *list)
{
    return (struct json_array){ (void *)(uintptr_t)list->items, list->count };
}
