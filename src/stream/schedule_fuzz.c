/* SPDX-License-Identifier: Apache-2.0 */
/* Any text in any time zone: what fires again fires after its time and not before now. The first
 * line of the input is the text, the rest the rule of a time zone, if any. */
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/buf.h"
#include "stream/schedule.h"

static struct zone *zone_of(struct slice rule)
{
    static const uint8_t head[] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                  "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                  "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0"
                                  "\0\0\0\0\0\0\n";
    struct buf file = { 0 };
    struct zone *zone = NULL;
    buf_add(&file, slice_of(head, sizeof head - 1));
    buf_add(&file, rule);
    buf_add_byte(&file, '\n');
    enum err e = zone_parse(buf_slice(&file), &zone);
    assert(e == ERR_OK || file.len > ZONE_FILE_MAX);
    buf_deinit(&file);
    return zone;
}

static void fire(struct slice text, const struct zone *zone, nanos after, nanos now)
{
    struct schedule_fire f;
    if (!schedule_next(text, zone, after, now, &f)) return;
    if (!f.repeats) {
        assert(zone == NULL);
        assert(slice_starts(text, SLICE_LIT("@at ")));
        return;
    }
    assert(f.at > after - SECOND);
    assert(f.at > now - SECOND);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 4096) return 0;
    struct slice rule = slice_of(data, size), text;
    struct zone *zone = slice_cut(&rule, '\n', &text) ? zone_of(rule) : NULL;
    fire(text, zone, 1772951400 * SECOND, 1772951400 * SECOND);
    fire(text, zone, 1793496600 * SECOND + 7, 1793500000 * SECOND);
    fire(text, NULL, 1782907200 * SECOND, 0);
    zone_free(zone);
    return 0;
}
