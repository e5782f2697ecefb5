/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reference.h"

#include "base/assert.h"
#include "config/load_internal.h"

static const char *const type_names[OPT_TYPES_COUNT] = {
    [OPT_BOOL] = "bool",
    [OPT_TRI] = "bool",
    [OPT_TEXT] = "text",
    [OPT_I32] = "number",
    [OPT_I64] = "number or size",
    [OPT_DURATION] = "duration",
    [OPT_DURATION_TEXT] = "duration",
    [OPT_TEXTS] = "text or list",
    [OPT_WRITE_TIMEOUT] = "word",
    [OPT_COMPRESSION] = "word, bool or block",
    [OPT_LISTEN] = "address or port",
};

static const char *const reload_names[] = {
    [RELOAD_YES] = "yes",
    [RELOAD_NO] = "no",
    [RELOAD_IGNORED] = "ignored",
    [RELOAD_PARTS] = "see its keys",
};

enum { BLOCKS_MAX = 64 };

/* Blocks still to be written, each once. */
struct pages {
    const struct option_block *blocks[BLOCKS_MAX];
    uint32_t                   count;
};

static void page_add(struct pages *p, const struct option_block *block)
{
    if (block == NULL) return;
    for (uint32_t i = 0; i < p->count; i++)
        if (p->blocks[i] == block) return;
    assert(p->count < BLOCKS_MAX);
    p->blocks[p->count++] = block;
}

static const char *type_name(const struct option_row *row)
{
    if (row->type != OPT_CUSTOM) return type_names[row->type];
    if (row->block != NULL) return "block";
    return row->holds != OPT_NONE && row->holds != OPT_COVERED ? type_names[row->holds] : "";
}

/* "meaning; default" is written as two columns. */
static void row_write(const struct option_row *row, struct buf *out)
{
    struct slice names = slice_str(row->names), name, meaning, otherwise = slice_str(row->help);
    buf_add_str(out, "| ");
    for (bool first = true; names.len > 0; first = false) {
        (void)slice_cut(&names, ' ', &name);
        buf_printf(out, "%s`%.*s`", first ? "" : ", ", SLICE_ARGS(name));
    }
    if (!slice_cut(&otherwise, ';', &meaning)) otherwise = (struct slice){ 0 };
    otherwise = slice_trim(otherwise);
    buf_printf(out, " | %s | %.*s | %.*s | %s |\n", type_name(row), SLICE_ARGS(meaning),
               (int)otherwise.len, otherwise.len == 0 ? "" : (const char *)otherwise.ptr,
               reload_names[row->reload]);
}

static void block_write(const struct option_block *block, struct pages *pages, struct buf *out)
{
    if (block->name[0] == '\0') buf_add_str(out, "\n## At the top\n\n");
    else buf_printf(out, "\n## %s { }\n\n", block->name);
    buf_add_str(out, "| key | type | meaning | default | reload |\n|---|---|---|---|---|\n");
    for (uint32_t i = 0; i < block->count; i++) {
        row_write(&block->rows[i], out);
        page_add(pages, block->rows[i].block);
    }
}

void reference_markdown(struct buf *out)
{
    buf_add_str(
        out,
        "# Options\n\nWritten from the tables in `src/config/load_*.c`; do not edit. The language "
        "is that of nats-server. Keys match in any case;\naliases stand behind the first name. "
        "\"reload\" says whether a change is applied to a running server.\n");
    struct pages pages = { 0 };
    page_add(&pages, &top_block);
    for (uint32_t i = 0; i < pages.count; i++) block_write(pages.blocks[i], &pages, out);
}
