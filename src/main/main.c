/* SPDX-License-Identifier: Apache-2.0 */
/* The executable: nats-server's command line around include/midge.h. */
#include <midge.h>

#include <stdio.h>

static int complain(const char *error)
{
    (void)fprintf(stderr, "nats-server: %s\n", error);
    return 1;
}

static int check(struct midge *server)
{
    char error[MIDGE_ERROR_SIZE];
    if (midge_configure(server, error, sizeof error) != MIDGE_OK) return complain(error);
    (void)fputs(midge_text(server), stderr);
    return 0;
}

static int serve(struct midge *server)
{
    char error[MIDGE_ERROR_SIZE];
    if (midge_configure(server, error, sizeof error) != MIDGE_OK) return complain(error);
    (void)fputs(midge_text(server), stderr);
    /* it stands in the log */
    if (midge_start(server, error, sizeof error) != MIDGE_OK) return 1;
    return midge_run(server);
}

static int send_signal(struct midge *server)
{
    char error[MIDGE_ERROR_SIZE];
    return midge_signal(server, error, sizeof error) == MIDGE_OK ? 0 : complain(error);
}

static int check_store(struct midge *server)
{
    char error[MIDGE_ERROR_SIZE];
    enum midge_result result = midge_store_check(server, error, sizeof error);
    (void)fputs(midge_text(server), stdout);
    return result == MIDGE_OK ? 0 : complain(error);
}

static void say(void *ctx, const char *line)
{
    (void)ctx;
    (void)printf("%s\n", line);
    (void)fflush(stdout);
}

static int import_store(struct midge *server)
{
    char error[MIDGE_ERROR_SIZE];
    enum midge_result result = midge_store_import(server, say, NULL, error, sizeof error);
    return result == MIDGE_OK ? 0 : complain(error);
}

static int act(struct midge *server, const char *error)
{
    switch (midge_wish(server)) {
    case MIDGE_WANTS_SERVER: return serve(server);
    case MIDGE_WANTS_CHECK: return check(server);
    case MIDGE_WANTS_SIGNAL: return send_signal(server);
    case MIDGE_WANTS_STORE_CHECK: return check_store(server);
    case MIDGE_WANTS_STORE_IMPORT: return import_store(server);
    case MIDGE_WANTS_USAGE:
        (void)fprintf(stderr, "%s\n", error);
        (void)fputs(midge_text(server), stdout);
        return 0;                       /* as nats-server does */
    case MIDGE_WANTS_TEXT: (void)fputs(midge_text(server), stdout); return 0;
    }
    return 1;
}

int main(int argc, char **argv)
{
    char error[MIDGE_ERROR_SIZE] = "";
    struct midge_setup options = { sizeof options, argc, (const char *const *)argv, 1, 0 };
    struct midge *server = midge_new(&options, error, sizeof error);
    if (server == NULL) return complain(error);
    int status = act(server, error);
    midge_free(server);
    return status;
}
