/* SPDX-License-Identifier: Apache-2.0 */
/* The scenarios of README.md with the C client, as Debian packages it. */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

enum { PUBLISHED = 1000, JOBS = 300, MEMBERS = 3, DRAINED = 200 };

static natsStatus connect_plain(natsConnection **nc, const char *variable)
{
    return natsConnection_ConnectTo(nc, getenv(variable));
}

static bool text_is(natsMsg *msg, const char *text)
{
    size_t length = strlen(text);
    return (size_t)natsMsg_GetDataLength(msg) == length &&
           memcmp(natsMsg_GetData(msg), text, length) == 0;
}

/* Takes the next message: is it on this subject? */
static bool next_is(natsSubscription *sub, const char *subject)
{
    natsMsg *msg = NULL;
    DO(natsSubscription_NextMsg(&msg, sub, PATIENCE_MS));
    EXPECT(strcmp(natsMsg_GetSubject(msg), subject) == 0);
    natsMsg_Destroy(msg);
    return true;
}

static bool echo(natsConnection *nc)
{
    natsSubscription *sub = NULL;
    natsMsg *msg = NULL;
    DO(natsConnection_SubscribeSync(&sub, nc, "greet"));
    DO(natsConnection_PublishString(nc, "greet", "hello"));
    DO(natsSubscription_NextMsg(&msg, sub, PATIENCE_MS));
    EXPECT(text_is(msg, "hello"));
    natsMsg_Destroy(msg);
    natsSubscription_Destroy(sub);
    return true;
}

static bool case_connect(void)
{
    natsConnection *nc = NULL;
    DO(connect_plain(&nc, "URL_OPEN"));
    EXPECT(natsConnection_GetMaxPayload(nc) == 1048576);
    DO(natsConnection_FlushTimeout(nc, PATIENCE_MS));
    natsConnection_Destroy(nc);
    return true;
}

static bool case_publish_subscribe(void)
{
    natsConnection *nc = NULL;
    natsSubscription *sub = NULL;
    char text[16];
    DO(connect_plain(&nc, "URL_OPEN"));
    DO(natsConnection_SubscribeSync(&sub, nc, "many"));
    for (int i = 0; i < PUBLISHED; i++) {
        snprintf(text, sizeof text, "%d", i);
        DO(natsConnection_PublishString(nc, "many", text));
    }
    for (int i = 0; i < PUBLISHED; i++) {
        natsMsg *msg = NULL;
        snprintf(text, sizeof text, "%d", i);
        DO(natsSubscription_NextMsg(&msg, sub, PATIENCE_MS));
        EXPECT(text_is(msg, text));
        natsMsg_Destroy(msg);
    }
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    return true;
}

static bool case_wildcards(void)
{
    static const char *const published[] = { "w.a.c", "w.a.d", "v.a.c", "w.b.c.d", "w.b.c" };
    natsConnection *nc = NULL;
    natsSubscription *star = NULL;
    natsSubscription *rest = NULL;
    DO(connect_plain(&nc, "URL_OPEN"));
    DO(natsConnection_SubscribeSync(&star, nc, "w.*.c"));
    DO(natsConnection_SubscribeSync(&rest, nc, "w.>"));
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        DO(natsConnection_PublishString(nc, published[i], ""));
    EXPECT(next_is(rest, "w.a.c") && next_is(rest, "w.a.d"));
    EXPECT(next_is(rest, "w.b.c.d") && next_is(rest, "w.b.c"));
    EXPECT(next_is(star, "w.a.c") && next_is(star, "w.b.c"));
    natsSubscription_Destroy(star);
    natsSubscription_Destroy(rest);
    natsConnection_Destroy(nc);
    return true;
}

/* Each message comes to one member, and no member stays without. A PONG says: all were sent. */
static bool case_queue_group(void)
{
    natsConnection *nc = NULL;
    natsSubscription *members[MEMBERS] = { 0 };
    uint64_t sum = 0;
    DO(connect_plain(&nc, "URL_OPEN"));
    for (int i = 0; i < MEMBERS; i++)
        DO(natsConnection_QueueSubscribeSync(&members[i], nc, "jobs", "workers"));
    for (int i = 0; i < JOBS; i++) DO(natsConnection_PublishString(nc, "jobs", "job"));
    DO(natsConnection_FlushTimeout(nc, PATIENCE_MS));
    for (int i = 0; i < MEMBERS; i++) {
        uint64_t queued = 0;
        DO(natsSubscription_QueuedMsgs(members[i], &queued));
        EXPECT(queued > 0);
        sum += queued;
        natsSubscription_Destroy(members[i]);
    }
    EXPECT(sum == JOBS);
    natsConnection_Destroy(nc);
    return true;
}

static void answer(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)sub;
    (void)closure;
    natsConnection_PublishString(nc, natsMsg_GetReply(msg), "answer");
    natsMsg_Destroy(msg);
}

static bool case_request_reply(void)
{
    natsConnection *asker = NULL;
    natsConnection *answerer = NULL;
    natsSubscription *sub = NULL;
    DO(connect_plain(&asker, "URL_OPEN"));
    DO(connect_plain(&answerer, "URL_OPEN"));
    DO(natsConnection_Subscribe(&sub, answerer, "ask", answer, NULL));
    DO(natsConnection_FlushTimeout(answerer, PATIENCE_MS));
    for (int i = 0; i < 50; i++) {
        natsMsg *msg = NULL;
        DO(natsConnection_RequestString(&msg, asker, "ask", "question", PATIENCE_MS));
        EXPECT(text_is(msg, "answer"));
        natsMsg_Destroy(msg);
    }
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(asker);
    natsConnection_Destroy(answerer);
    return true;
}

static bool case_no_responders(void)
{
    natsConnection *nc = NULL;
    natsMsg *msg = NULL;
    DO(connect_plain(&nc, "URL_OPEN"));
    EXPECT(natsConnection_RequestString(&msg, nc, "nobody", "", PATIENCE_MS) == NATS_NO_RESPONDERS);
    natsConnection_Destroy(nc);
    return true;
}

static bool case_headers(void)
{
    natsConnection *nc = NULL;
    natsSubscription *sub = NULL;
    natsMsg *sent = NULL;
    natsMsg *got = NULL;
    const char *value = NULL;
    DO(connect_plain(&nc, "URL_OPEN"));
    DO(natsConnection_SubscribeSync(&sub, nc, "h"));
    DO(natsMsg_Create(&sent, "h", NULL, "body", 4));
    DO(natsMsgHeader_Set(sent, "Plain", "one"));
    DO(natsMsgHeader_Set(sent, "Late-Name", "two words"));
    DO(natsConnection_PublishMsg(nc, sent));
    DO(natsSubscription_NextMsg(&got, sub, PATIENCE_MS));
    EXPECT(text_is(got, "body"));
    DO(natsMsgHeader_Get(got, "Late-Name", &value));
    EXPECT(strcmp(value, "two words") == 0);
    natsMsg_Destroy(sent);
    natsMsg_Destroy(got);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    return true;
}

static void count(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc;
    (void)sub;
    ++*(int *)closure; /* read after the drain is complete, when no callback runs */
    natsMsg_Destroy(msg);
}

static bool case_drain(void)
{
    natsConnection *nc = NULL;
    natsConnection *other = NULL;
    natsSubscription *sub = NULL;
    int got = 0;
    DO(connect_plain(&nc, "URL_OPEN"));
    DO(connect_plain(&other, "URL_OPEN"));
    DO(natsConnection_Subscribe(&sub, nc, "drained", count, &got));
    DO(natsConnection_FlushTimeout(nc, PATIENCE_MS));
    for (int i = 0; i < DRAINED; i++) DO(natsConnection_PublishString(other, "drained", "x"));
    DO(natsConnection_FlushTimeout(other, PATIENCE_MS));
    DO(natsSubscription_DrainTimeout(sub, PATIENCE_MS));
    DO(natsSubscription_WaitForDrainCompletion(sub, PATIENCE_MS));
    EXPECT(got == DRAINED);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    natsConnection_Destroy(other);
    return true;
}

/* The client comes back by itself, with its subscription. */
static bool case_reconnect(void)
{
    natsConnection *nc = NULL;
    natsSubscription *sub = NULL;
    natsOptions *options = NULL;
    natsMsg *msg = NULL;
    DO(natsOptions_Create(&options));
    DO(natsOptions_SetURL(options, getenv("URL_OPEN")));
    DO(natsOptions_SetMaxReconnect(options, -1));
    DO(natsOptions_SetReconnectWait(options, 100));
    DO(natsConnection_Connect(&nc, options));
    DO(natsConnection_SubscribeSync(&sub, nc, "again"));
    DO(natsConnection_FlushTimeout(nc, PATIENCE_MS));
    printf("restart\n");
    EXPECT(getchar() == '\n'); /* the server is back */
    natsStatus status = NATS_TIMEOUT;
    for (int i = 0; i < 100 && status != NATS_OK; i++) {
        DO(natsConnection_PublishString(nc, "again", "kept"));
        status = natsSubscription_NextMsg(&msg, sub, PATIENCE_MS / 100);
    }
    EXPECT(status == NATS_OK && text_is(msg, "kept"));
    natsMsg_Destroy(msg);
    natsSubscription_Destroy(sub);
    natsConnection_Destroy(nc);
    natsOptions_Destroy(options);
    return true;
}

static bool case_tls(void)
{
    natsConnection *nc = NULL;
    natsOptions *options = NULL;
    DO(natsOptions_Create(&options));
    DO(natsOptions_SetURL(options, getenv("URL_TLS")));
    DO(natsOptions_SetSecure(options, true));
    EXPECT(natsConnection_Connect(&nc, options) != NATS_OK);
    DO(natsOptions_LoadCATrustedCertificates(options, getenv("CA_FILE")));
    DO(natsConnection_Connect(&nc, options));
    EXPECT(echo(nc));
    natsConnection_Destroy(nc);
    natsOptions_Destroy(options);
    return true;
}

static bool case_user_password(void)
{
    natsConnection *nc = NULL;
    natsOptions *options = NULL;
    DO(natsOptions_Create(&options));
    DO(natsOptions_SetURL(options, getenv("URL_AUTH")));
    EXPECT(natsConnection_Connect(&nc, options) == NATS_CONNECTION_AUTH_FAILED);
    DO(natsOptions_SetUserInfo(options, "anna", "wrong"));
    EXPECT(natsConnection_Connect(&nc, options) == NATS_CONNECTION_AUTH_FAILED);
    DO(natsOptions_SetUserInfo(options, "anna", "s3cret"));
    DO(natsConnection_Connect(&nc, options));
    EXPECT(echo(nc));
    natsConnection_Destroy(nc);
    natsOptions_Destroy(options);
    return true;
}

static bool case_nkey(void)
{
    natsConnection *nc = NULL;
    natsOptions *options = NULL;
    DO(natsOptions_Create(&options));
    DO(natsOptions_SetURL(options, getenv("URL_AUTH")));
    DO(natsOptions_SetNKeyFromSeed(options, getenv("NKEY"), getenv("NKEY_FILE")));
    DO(natsConnection_Connect(&nc, options));
    EXPECT(echo(nc));
    natsConnection_Destroy(nc);
    natsOptions_Destroy(options);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(void);
} cases[] = {
    { "connect", case_connect },
    { "publish_subscribe", case_publish_subscribe },
    { "wildcards", case_wildcards },
    { "queue_group", case_queue_group },
    { "request_reply", case_request_reply },
    { "no_responders", case_no_responders },
    { "headers", case_headers },
    { "drain", case_drain },
    { "reconnect", case_reconnect },
    { "tls", case_tls },
    { "user_password", case_user_password },
    { "nkey", case_nkey },
};

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool passed = cases[i].run();
        printf("%s %s\n", passed ? "ok" : "not ok", cases[i].name);
    }
    nats_Close();
    return 0;
}
