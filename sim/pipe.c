/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/pipe.h"

#include "base/assert.h"

void sim_pipe_init(struct sim_pipe *p, const struct sim_host *host, uint32_t shown)
{
    *p = (struct sim_pipe){ .host = host, .shown = shown };
}

void sim_pipe_deinit(struct sim_pipe *p)
{
    buf_deinit(&p->in);
    buf_deinit(&p->out);
}

void sim_pipe_reset(struct sim_pipe *p)
{
    p->link = NULL;
    p->in.len = p->out.len = p->at = 0;
}

static void trace(const struct sim_pipe *p, const char *way, struct slice bytes)
{
    if (p->host->log.echo) sim_host_trace(p->host, p->who, way, slice_first(bytes, p->shown));
}

void sim_pipe_write(struct sim_pipe *p)
{
    assert(p->link != NULL);
    while (p->out.len > 0) {
        int64_t put = sim_link_write(p->link, p->out.ptr, p->out.len);
        if (put <= 0) return; /* a failure is seen by the next read */
        trace(p, ">", slice_of(p->out.ptr, (size_t)put));
        buf_drop(&p->out, (uint32_t)put);
    }
}

int64_t sim_pipe_read(struct sim_pipe *p, uint32_t most)
{
    uint8_t bytes[SIM_PIPE_READ];
    assert(p->link != NULL && most <= sizeof bytes);
    int64_t got = sim_link_read(p->link, bytes, most);
    if (got > 0) buf_add(&p->in, slice_of(bytes, (size_t)got));
    return got;
}

enum sim_parse sim_pipe_next(struct sim_pipe *p, struct sim_op *ret)
{
    uint32_t used = 0;
    struct slice rest = slice_from(buf_slice(&p->in), p->at);
    enum sim_parse got = rest.len == 0 ? SIM_PARSE_MORE : sim_codec_next(rest, ret, &used);
    if (got == SIM_PARSE_OP) {
        trace(p, "<", slice_first(rest, used));
        p->at += used;
    } else if (got == SIM_PARSE_MORE && p->at > 0) {
        buf_drop(&p->in, p->at);
        p->at = 0;
    }
    return got;
}
