/* SPDX-License-Identifier: Apache-2.0 */
/* The files that tell others of this process: its pid file, and the list of its ports. */
#include "base/alloc.h"
#include "server/server_internal.h"

enum err server_write_pid(struct server *s, const char *path, struct errmsg *why)
{
    if (path == NULL) return ERR_OK;
    struct buf digits = { 0 };
    struct files *files = s->env->files;
    buf_add_u64(&digits, s->setup.process_id);
    enum err e = files->write(files, path, buf_slice(&digits), 0600, why);
    buf_deinit(&digits);
    return e;
}

void server_write_ports(struct server *s)
{
    const char *dir = s->settings->options->ports_file_dir;
    if (dir == NULL) return;
    struct buf path = { 0 }, json = { 0 };
    struct errmsg cause = { 0 };
    struct files *files = s->env->files;
    buf_printf(&path, "%s/%s_%llu.ports", dir, s->program, (unsigned long long)s->setup.process_id);
    s->ports_path = buf_take_str(&path);
    ports_json(s->env->net, &s->ports, &json);
    enum err e = files->write(files, s->ports_path, buf_slice(&json), 0644, &cause);
    buf_deinit(&json);
    if (e == ERR_OK) return;
    log_error(s->env->log, "Error writing ports file (%s): %s", s->ports_path, cause.text);
    s->ports_path = xfree(s->ports_path);
}

void server_remove_ports(struct server *s)
{
    if (s->ports_path == NULL) return;
    s->env->files->remove(s->env->files, s->ports_path);
    s->ports_path = xfree(s->ports_path);
}

/* The old pid file stays, as it does after the end; the old list of ports goes. */
void server_move_files(struct server *s, const struct reload_diff *diff)
{
    struct errmsg cause = { 0 };
    if (reload_has(diff, "pidfile") &&
        server_write_pid(s, s->settings->options->pid_file, &cause) != ERR_OK)
        log_error(s->env->log, "Failed to write pidfile: %s", cause.text);
    if (!reload_has(diff, "ports_file_dir")) return;
    server_remove_ports(s);
    server_write_ports(s);
}
