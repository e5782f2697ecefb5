/* SPDX-License-Identifier: Apache-2.0 */
/* The JetStream scenarios of README.md with the C client, as Debian packages it (which has no
 * object store yet). */
#include "expect.h"

#include <stdlib.h>
#include <string.h>

enum { PUBLISHED = 200, LARGE = 20000, LARGE_COUNT = 300 };

struct client {
    natsConnection *nc;
    jsCtx *js;
};

static bool number_is(natsMsg *msg, int number)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d", number);
    return natsMsg_GetDataLength(msg) == length &&
           memcmp(natsMsg_GetData(msg), text, (size_t)length) == 0;
}

static bool add_stream(struct client *c, const char *name, const char *subject)
{
    jsStreamConfig config;
    DO(jsStreamConfig_Init(&config));
    config.Name = name;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    DO(js_AddStream(NULL, c->js, &config, NULL, NULL));
    return true;
}

static bool publish_numbers(struct client *c, const char *subject, int count)
{
    char text[16];
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text, "%d", i);
        DO(js_Publish(NULL, c->js, subject, text, (int)strlen(text), NULL, NULL));
    }
    return true;
}

static bool case_streams(struct client *c)
{
    jsStreamConfig config;
    jsStreamInfo *info = NULL;
    natsMsg *msg = NULL;
    const char *subject = "c.streams.*";
    DO(jsStreamConfig_Init(&config));
    config.Name = "c_streams";
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.MaxMsgs = 5;
    DO(js_AddStream(&info, c->js, &config, NULL, NULL));
    EXPECT(info->Config->MaxMsgs == 5 && info->State.Msgs == 0);
    jsStreamInfo_Destroy(info);
    config.Description = "changed";
    DO(js_UpdateStream(&info, c->js, &config, NULL, NULL));
    EXPECT(strcmp(info->Config->Description, "changed") == 0);
    jsStreamInfo_Destroy(info);
    EXPECT(publish_numbers(c, "c.streams.a", 7));
    DO(js_GetStreamInfo(&info, c->js, "c_streams", NULL, NULL));
    EXPECT(info->State.Msgs == 5 && info->State.FirstSeq == 3 && info->State.LastSeq == 7);
    jsStreamInfo_Destroy(info);
    DO(js_GetMsg(&msg, c->js, "c_streams", 4, NULL, NULL));
    EXPECT(number_is(msg, 3));
    natsMsg_Destroy(msg);
    DO(js_GetLastMsg(&msg, c->js, "c_streams", "c.streams.a", NULL, NULL));
    EXPECT(number_is(msg, 6));
    natsMsg_Destroy(msg);
    DO(js_DeleteMsg(c->js, "c_streams", 4, NULL, NULL));
    EXPECT(js_GetMsg(&msg, c->js, "c_streams", 4, NULL, NULL) == NATS_NOT_FOUND);
    DO(js_PurgeStream(c->js, "c_streams", NULL, NULL));
    DO(js_DeleteStream(c->js, "c_streams", NULL, NULL));
    EXPECT(js_GetStreamInfo(&info, c->js, "c_streams", NULL, NULL) == NATS_NOT_FOUND);
    return true;
}

static bool case_publish(struct client *c)
{
    jsPubOptions options;
    jsPubAck *ack = NULL;
    jsErrCode code = 0;
    EXPECT(add_stream(c, "c_publish", "c.publish"));
    DO(jsPubOptions_Init(&options));
    options.MsgId = "one";
    for (int i = 0; i < 2; i++) {
        DO(js_Publish(&ack, c->js, "c.publish", "x", 1, &options, &code));
        EXPECT(ack->Sequence == 1 && ack->Duplicate == (i == 1));
        jsPubAck_Destroy(ack);
    }
    DO(jsPubOptions_Init(&options));
    options.ExpectLastSeq = 9;
    EXPECT(js_Publish(NULL, c->js, "c.publish", "x", 1, &options, &code) != NATS_OK);
    EXPECT(code == JSStreamWrongLastSequenceErr);
    EXPECT(js_Publish(NULL, c->js, "c.nobody", "x", 1, NULL, &code) == NATS_NO_RESPONDERS);
    for (int i = 0; i < PUBLISHED; i++) DO(js_PublishAsync(c->js, "c.publish", "y", 1, NULL));
    DO(js_PublishAsyncComplete(c->js, NULL));
    jsStreamInfo *info = NULL;
    DO(js_GetStreamInfo(&info, c->js, "c_publish", NULL, NULL));
    EXPECT(info->State.LastSeq == PUBLISHED + 1);
    jsStreamInfo_Destroy(info);
    return true;
}

/* Takes and acknowledges what is there until `count` messages have come. */
static bool take_all(natsSubscription *sub, int count)
{
    int sum = 0;
    for (int got = 0; got < count;) {
        natsMsgList list;
        DO(natsSubscription_Fetch(&list, sub, count - got, PATIENCE_MS, NULL));
        for (int i = 0; i < list.Count; i++) {
            sum += atoi(natsMsg_GetData(list.Msgs[i]));
            DO(natsMsg_AckSync(list.Msgs[i], NULL, NULL));
        }
        got += list.Count;
        natsMsgList_Destroy(&list);
    }
    EXPECT(sum == 190 - 1 - 2 - 4);
    return true;
}

static bool case_pull(struct client *c)
{
    natsSubscription *sub = NULL;
    natsMsgList list;
    jsConsumerInfo *info = NULL;
    EXPECT(add_stream(c, "c_pull", "c.pull"));
    EXPECT(publish_numbers(c, "c.pull", 20));
    DO(js_PullSubscribe(&sub, c->js, "c.pull", "worker", NULL, NULL, NULL));
    DO(natsSubscription_Fetch(&list, sub, 5, PATIENCE_MS, NULL));
    EXPECT(list.Count == 5);
    for (int i = 0; i < 5; i++) EXPECT(number_is(list.Msgs[i], i));
    for (int i = 0; i < 3; i++) DO(natsMsg_AckSync(list.Msgs[i], NULL, NULL));
    DO(natsMsg_Nak(list.Msgs[3], NULL));
    DO(natsMsg_Term(list.Msgs[4], NULL));
    natsMsgList_Destroy(&list);
    EXPECT(take_all(sub, 16));
    DO(natsSubscription_GetConsumerInfo(&info, sub, NULL, NULL));
    EXPECT(info->NumPending == 0 && info->NumAckPending == 0 && info->AckFloor.Stream == 20);
    jsConsumerInfo_Destroy(info);
    natsSubscription_Destroy(sub);
    return true;
}

static bool case_push(struct client *c)
{
    natsSubscription *sub = NULL;
    jsSubOptions options;
    EXPECT(add_stream(c, "c_push", "c.push"));
    EXPECT(publish_numbers(c, "c.push", 100));
    DO(jsSubOptions_Init(&options));
    options.Config.Durable = "lasting";
    options.ManualAck = true;
    DO(js_SubscribeSync(&sub, c->js, "c.push", NULL, &options, NULL));
    for (int i = 0; i < 100; i++) {
        natsMsg *msg = NULL;
        jsMsgMetaData *place = NULL;
        DO(natsSubscription_NextMsg(&msg, sub, PATIENCE_MS));
        DO(natsMsg_GetMetaData(&place, msg));
        EXPECT(number_is(msg, i) && place->Sequence.Stream == (uint64_t)i + 1);
        jsMsgMetaData_Destroy(place);
        DO(natsMsg_AckSync(msg, NULL, NULL));
        natsMsg_Destroy(msg);
    }
    natsSubscription_Destroy(sub);
    return true;
}

static bool case_ordered(struct client *c)
{
    static char body[LARGE];
    natsSubscription *sub = NULL;
    jsSubOptions options;
    EXPECT(add_stream(c, "c_ordered", "c.ordered"));
    for (int i = 0; i < LARGE_COUNT; i++) {
        memset(body, i, sizeof body);
        DO(js_Publish(NULL, c->js, "c.ordered", body, LARGE, NULL, NULL));
    }
    DO(jsSubOptions_Init(&options));
    options.Ordered = true;
    DO(js_SubscribeSync(&sub, c->js, "c.ordered", NULL, &options, NULL));
    for (int i = 0; i < LARGE_COUNT; i++) {
        natsMsg *msg = NULL;
        memset(body, i, sizeof body);
        DO(natsSubscription_NextMsg(&msg, sub, PATIENCE_MS));
        EXPECT(natsMsg_GetDataLength(msg) == LARGE);
        EXPECT(memcmp(natsMsg_GetData(msg), body, LARGE) == 0);
        natsMsg_Destroy(msg);
    }
    natsSubscription_Destroy(sub);
    return true;
}

static bool entry_is(kvEntry *entry, const char *key, kvOperation operation)
{
    bool is = entry != NULL && strcmp(kvEntry_Key(entry), key) == 0 &&
              kvEntry_Operation(entry) == operation;
    kvEntry_Destroy(entry);
    return is;
}

/* The bucket holds `a.b` and `new`; then `new` goes. */
static bool watch(kvStore *kv)
{
    kvWatcher *watcher = NULL;
    kvEntry *entry = NULL;
    DO(kvStore_WatchAll(&watcher, kv, NULL));
    DO(kvWatcher_Next(&entry, watcher, PATIENCE_MS));
    EXPECT(entry_is(entry, "new", kvOp_Put));
    DO(kvWatcher_Next(&entry, watcher, PATIENCE_MS));
    EXPECT(entry_is(entry, "a.b", kvOp_Put));
    DO(kvWatcher_Next(&entry, watcher, PATIENCE_MS));
    EXPECT(entry == NULL);
    DO(kvStore_Delete(kv, "new"));
    DO(kvWatcher_Next(&entry, watcher, PATIENCE_MS));
    EXPECT(entry_is(entry, "new", kvOp_Delete));
    kvWatcher_Destroy(watcher);
    return true;
}

static bool case_kv(struct client *c)
{
    kvStore *kv = NULL;
    kvConfig config;
    kvEntry *entry = NULL;
    kvKeysList keys;
    kvEntryList history;
    uint64_t revision = 0;
    kvConfig_Init(&config);
    config.Bucket = "c_kv";
    config.History = 5;
    DO(js_CreateKeyValue(&kv, c->js, &config));
    DO(kvStore_PutString(&revision, kv, "a.b", "one"));
    DO(kvStore_CreateString(NULL, kv, "new", "first"));
    EXPECT(kvStore_CreateString(NULL, kv, "new", "again") != NATS_OK);
    DO(kvStore_UpdateString(&revision, kv, "a.b", "two", revision));
    EXPECT(revision == 3 && kvStore_UpdateString(NULL, kv, "a.b", "three", 1) != NATS_OK);
    DO(kvStore_Get(&entry, kv, "a.b"));
    EXPECT(kvEntry_Revision(entry) == 3 && strcmp(kvEntry_ValueString(entry), "two") == 0);
    kvEntry_Destroy(entry);
    EXPECT(watch(kv));
    EXPECT(kvStore_Get(&entry, kv, "new") == NATS_NOT_FOUND);
    DO(kvStore_Keys(&keys, kv, NULL));
    EXPECT(keys.Count == 1 && strcmp(keys.Keys[0], "a.b") == 0);
    kvKeysList_Destroy(&keys);
    DO(kvStore_Purge(kv, "a.b", NULL));
    DO(kvStore_History(&history, kv, "a.b", NULL));
    EXPECT(history.Count == 1 && kvEntry_Operation(history.Entries[0]) == kvOp_Purge);
    kvEntryList_Destroy(&history);
    kvStore_Destroy(kv);
    DO(js_DeleteKeyValue(c->js, "c_kv"));
    return true;
}

static bool case_limits(struct client *c)
{
    jsStreamConfig config;
    jsErrCode code = 0;
    const char *subject = "c.full";
    DO(jsStreamConfig_Init(&config));
    config.Name = "c_full";
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.MaxMsgs = 2;
    config.Discard = js_DiscardNew;
    DO(js_AddStream(NULL, c->js, &config, NULL, NULL));
    EXPECT(publish_numbers(c, "c.full", 2));
    EXPECT(js_Publish(NULL, c->js, "c.full", "x", 1, NULL, &code) != NATS_OK);
    EXPECT(code == JSStreamStoreFailedErr);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct client *);
} cases[] = {
    { "streams", case_streams }, { "publish", case_publish }, { "pull", case_pull },
    { "push", case_push },       { "ordered", case_ordered }, { "kv", case_kv },
    { "limits", case_limits },
};

static bool open_client(struct client *c)
{
    DO(natsConnection_ConnectTo(&c->nc, getenv("URL_JS")));
    DO(natsConnection_JetStream(&c->js, c->nc, NULL));
    return true;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct client c = { 0 };
        bool passed = open_client(&c) && cases[i].run(&c);
        printf("%s %s\n", passed ? "ok" : "not ok", cases[i].name);
        jsCtx_Destroy(c.js);
        natsConnection_Destroy(c.nc);
    }
    nats_Close();
    return 0;
}
