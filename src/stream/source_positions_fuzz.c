/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a log, a checkpoint or a message says of sources: a command is refused or written again
 * as it was read, and the positions are sound afterwards and can be told.
 *
 * The input is pieces, each of a byte that chooses between the two, its length in two bytes, and so
 * many bytes: the body of a command, or a block of headers. */
#include <stddef.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "base/le.h"
#include "stream/source_positions.h"

enum { PIECE_HEAD = 3 };

static void command(struct source_positions *p, struct slice body)
{
    struct source_command c;
    if (source_command_read(body, &c) != ERR_OK) return;
    uint32_t size = source_command_size(&c);
    uint8_t *again = xalloc(size);
    source_command_write(&c, again);
    assert(slice_equal(body, slice_of(again, size)));
    xfree(again);
    source_positions_set(p, c.name, c.sequence, c.identity);
    assert(source_positions_find(p, c.name)->sequence == c.sequence);
}

/* What there is comes into a checkpoint. */
static void told_again(const struct source_positions *p)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const struct source_position *at = &p->at[i];
        struct source_command c = { at->sequence, slice_str(at->name), slice_str(at->identity) };
        struct source_command back;
        uint32_t size = source_command_size(&c);
        uint8_t *bytes = xalloc(size);
        source_command_write(&c, bytes);
        enum err e = source_command_read(slice_of(bytes, size), &back);
        assert(e == ERR_OK && slice_equal(back.name, c.name));
        xfree(bytes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source_positions p = { .at = NULL };
    struct slice rest = slice_of(data, size > UINT16_MAX ? UINT16_MAX : size);
    while (rest.len > PIECE_HEAD) {
        uint8_t choice = rest.ptr[0];
        uint32_t len = le_get_u16(rest.ptr + 1);
        rest = slice_from(rest, PIECE_HEAD);
        struct slice piece = slice_first(rest, len < rest.len ? len : rest.len);
        rest = slice_from(rest, piece.len);
        if (choice & 1) command(&p, piece);
        else source_positions_note(&p, 0, piece);
        source_positions_check(&p);
    }
    told_again(&p);
    source_positions_deinit(&p);
    return 0;
}
