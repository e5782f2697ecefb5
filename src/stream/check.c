/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/check.h"

#include "base/assert.h"
#include "subject/subject.h"

bool js_name_valid(const char *name)
{
    return js_text_set(name) && strpbrk(name, " \t\r\n\f.*>\\/") == NULL;
}

bool js_config_refuse(struct js_error *ret, const char *text)
{
    return js_error_set(ret, JS_ERR_STREAM_INVALID_CONFIG, text);
}

bool js_pedantic_refuse(struct js_error *ret, const char *text)
{
    return js_error_set(ret, JS_ERR_PEDANTIC, text);
}

bool js_subjects_collide(struct slice a, struct slice b)
{
    if (slice_equal(a, b)) return true;
    return a.len > 0 && b.len > 0 && subject_overlaps(a, b);
}
