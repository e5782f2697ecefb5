/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in their order and what nats-server 2.15.2 answered: the configuration, or err_code and
 * text. Each row meets the streams that the rows before it left behind. */
#ifndef MIDGE_STREAM_STREAM_CONFIG_TEST_CASES_H
#define MIDGE_STREAM_STREAM_CONFIG_TEST_CASES_H

struct stream_case {
    char        op;                     /* C: create, U: update, D: delete */
    const char *name;                   /* in the subject */
    const char *body;
    const char *expected;
};

/* clang-format off */
#define LIMITS \
    "\"retention\":\"limits\",\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age" \
    "\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,\"discard\":\"old\",\"storage\":\"file" \
    "\",\"num_replicas\":1,"
#define WINDOW \
    "\"duplicate_window\":120000000000,"
#define PLAIN \
    "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false," \
    "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits" \
    "\":{},\"allow_msg_ttl\":false,"
#define MARKS \
    "\"sealed\":false,\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":false," \
    "\"consumer_limits\":{},\"allow_msg_ttl\":false,"
#define LEVEL_0 \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"0\",\"_nats.ver\":\"2.15.2\"}}"
#define LEVEL_1 \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"1\",\"_nats.ver\":\"2.15.2\"}}"
#define LEVEL_2 \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"2\",\"_nats.ver\":\"2.15.2\"}}"

static const struct stream_case plain_cases[] = {
    { 'C', "A", "", "10056 stream name in subject does not match request" },
    { 'C', "A", "{}", "10056 stream name in subject does not match request" },
    { 'C', "A", "{\"name\":\"B\"}", "10056 stream name in subject does not match request" },
    { 'C', "A/b", "{\"name\":\"A/b\"}", "10128 Stream name can not contain path separators" },
    { 'C', "A\\b", "{\"name\":\"A\\\\b\"}", "10128 Stream name can not contain path separators" },
    { 'C', "A", "{\"name\":\"A\"}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'C', "A", "{\"name\":\"A\"}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'C', "A", "{\"name\":\"A\",\"subjects\":[\"A\"]}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'C', "A", "{\"name\":\"A\",\"max_msgs\":-5}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'C', "A", "{\"name\":\"A\",\"max_msgs\":1}",
      "10058 stream name already in use with a different configuration" },
    { 'C', "A", "{\"name\":\"A\",\"description\":\"x\"}",
      "10058 stream name already in use with a different configuration" },
    { 'C', "A",
      "{\"name\":\"A\",\"metadata\":{\"_nats.req.level\":\"7\",\"_nats.ver\":\"1\",\"_nats.level"
      "\":\"3\"}}", "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'C', "A", "{\"name\":\"A\",\"metadata\":{\"a\":\"b\"}}",
      "10058 stream name already in use with a different configuration" },
    { 'C', "B",
      "{\"name\":\"B\",\"description\":\"d<&>\",\"subjects\":[\"b.*\",\"b.*.c\"],\"retention"
      "\":\"interest\",\"max_consumers\":5,\"max_msgs\":10,\"max_bytes\":1000,\"max_age\":360000"
      "0000000,\"max_msgs_per_subject\":3,\"max_msg_size\":100,\"discard\":\"NEW\",\"storage"
      "\":\"memory\",\"num_replicas\":1,\"no_ack\":true,\"duplicate_window\":1000000000,\"compre"
      "ssion\":\"s2\",\"first_seq\":7,\"allow_direct\":true,\"discard_new_per_subject\":true,"
      "\"deny_delete\":true,\"deny_purge\":true,\"consumer_limits\":{\"inactive_threshold\":1000"
      "000000,\"max_ack_pending\":7},\"metadata\":{\"z\":\"1\",\"a\":\"2\",\"_nats.x\":\"y\"},"
      "\"placement\":{\"cluster\":\"c\",\"tags\":[\"t\"]}}",
      "{\"name\":\"B\",\"description\":\"d\\u003c\\u0026\\u003e\",\"subjects\":[\"b.*\",\"b.*.c"
      "\"],\"retention\":\"interest\",\"max_consumers\":5,\"max_msgs\":10,\"max_bytes\":1000,"
      "\"max_age\":3600000000000,\"max_msgs_per_subject\":3,\"max_msg_size\":100,\"discard"
      "\":\"new\",\"storage\":\"memory\",\"num_replicas\":1,\"no_ack\":true,\"duplicate_window"
      "\":1000000000,\"placement\":{\"cluster\":\"c\",\"tags\":[\"t\"]},\"compression\":\"s2"
      "\",\"first_seq\":7,\"allow_direct\":true,\"mirror_direct\":false,\"discard_new_per_subjec"
      "t\":true,\"sealed\":false,\"deny_delete\":true,\"deny_purge\":true,\"allow_rollup_hdrs"
      "\":false,\"consumer_limits\":{\"inactive_threshold\":1000000000,\"max_ack_pending\":7},"
      "\"allow_msg_ttl\":false,\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level"
      "\":\"0\",\"_nats.ver\":\"2.15.2\",\"_nats.x\":\"y\",\"a\":\"2\",\"z\":\"1\"}}" },
    { 'C', "B", "{\"name\":\"B\",\"subjects\":[\"b.>\"]}",
      "10058 stream name already in use with a different configuration" },
    { 'D', "B", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"sealed\":true}",
      "10052 stream configuration for create can not be sealed" },
    { 'C', "X", "{\"name\":\"X\",\"mirror_direct\":true}",
      "10052 stream has no mirror but does have mirror direct" },
    { 'C', "X", "{\"name\":\"X\",\"num_replicas\":6}", "10052 maximum replicas is 5" },
    { 'C', "X", "{\"name\":\"X\",\"num_replicas\":-1}", "10133 replicas count cannot be negative" },
    { 'C', "X", "{\"name\":\"X\",\"num_replicas\":3}",
      "10074 replicas > 1 not supported in non-clustered mode" },
    { 'C', "X", "{\"name\":\"X\",\"num_replicas\":0}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"max_msgs\":-2,\"pedantic\":true}",
      "10157 pedantic mode: max_msgs must be set to -1" },
    { 'C', "X", "{\"name\":\"X\",\"max_msgs_per_subject\":-2,\"pedantic\":true}",
      "10157 pedantic mode: max_msgs_per_subject must be set to -1" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":-2,\"pedantic\":true}",
      "10157 pedantic mode: max_bytes must be set to -1" },
    { 'C', "X", "{\"name\":\"X\",\"max_msg_size\":-2,\"pedantic\":true}",
      "10157 pedantic mode: max_msg_size must be set to -1" },
    { 'C', "X", "{\"name\":\"X\",\"max_consumers\":-2,\"pedantic\":true}",
      "10157 pedantic mode: max_consumers must be set to -1" },
    { 'C', "X", "{\"name\":\"X\",\"max_age\":-1}", "10052 max age can not be negative" },
    { 'C', "X", "{\"name\":\"X\",\"max_age\":5}", "10052 max age needs to be >= 100ms" },
    { 'C', "X", "{\"name\":\"X\",\"max_age\":1000000000}",
      "{\"name\":\"X\",\"subjects\":[\"X\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_"
      "msgs\":-1,\"max_bytes\":-1,\"max_age\":1000000000,\"max_msgs_per_subject\":-1,\"max_msg_s"
      "ize\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1,\"duplicate_window"
      "\":1000000000," PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"max_age\":1000000000,\"pedantic\":true}",
      "10157 pedantic mode: duplicate window cannot be bigger than max age" },
    { 'C', "X", "{\"name\":\"X\",\"duplicate_window\":-1}",
      "10052 duplicates window can not be negative" },
    { 'C', "X", "{\"name\":\"X\",\"duplicate_window\":2000000000,\"max_age\":1000000000}",
      "10052 duplicates window can not be larger then max age" },
    { 'C', "X", "{\"name\":\"X\",\"duplicate_window\":5}",
      "10052 duplicates window needs to be >= 100ms" },
    { 'C', "X", "{\"name\":\"X\",\"deny_purge\":true,\"allow_rollup_hdrs\":true}",
      "10052 roll-ups require the purge permission" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_counter\":true,\"discard\":\"new\"}",
      "10052 counter stream cannot use discard new" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_counter\":true,\"allow_msg_ttl\":true}",
      "10052 counter stream cannot use message TTLs" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_counter\":true,\"allow_msg_schedules\":true}",
      "10052 counter stream cannot use message schedules" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_counter\":true,\"retention\":\"interest\"}",
      "10052 counter stream can only use limits retention" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_counter\":true}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN "\"allow_msg_counter\":true,"
      LEVEL_2 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"discard_new_per_subject\":true}",
      "10052 discard new per subject requires discard new policy to be set" },
    { 'C', "X", "{\"name\":\"X\",\"discard_new_per_subject\":true,\"discard\":\"new\"}",
      "10052 discard new per subject requires max msgs per subject > 0" },
    { 'C', "X", "{\"name\":\"X\",\"subject_delete_marker_ttl\":5}",
      "10052 subject delete marker TTL must be at least 1 second" },
    { 'C', "X", "{\"name\":\"X\",\"subject_delete_marker_ttl\":-5}",
      "10052 subject delete marker TTL must not be negative" },
    { 'C', "X", "{\"name\":\"X\",\"subject_delete_marker_ttl\":1000000000,\"pedantic\":true}",
      "10052 subject delete marker cannot be set if message TTLs are disabled" },
    { 'C', "X",
      "{\"name\":\"X\",\"subject_delete_marker_ttl\":1000000000,\"allow_msg_ttl\":true,\"pedanti"
      "c\":true}", "10052 subject delete marker cannot be set if roll-ups are disabled" },
    { 'C', "X", "{\"name\":\"X\",\"subject_delete_marker_ttl\":1000000000,\"deny_purge\":true}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":true,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":true,\"subject_delete_marker_ttl\":1000000000," LEVEL_1 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_schedules\":true,\"discard\":\"new\"}",
      "10052 message scheduling cannot use discard new" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_schedules\":true,\"pedantic\":true}",
      "10052 message scheduling cannot be set if roll-ups are disabled" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_schedules\":true,\"deny_purge\":true}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":true,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":false,\"allow_msg_schedules\":true," LEVEL_2 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"persist_mode\":\"async\",\"storage\":\"memory\"}",
      "10052 async persist mode is only supported on file storage" },
    { 'C', "X", "{\"name\":\"X\",\"persist_mode\":\"async\",\"num_replicas\":3}",
      "10052 async persist mode is not supported on replicated streams" },
    { 'C', "X", "{\"name\":\"X\",\"persist_mode\":\"async\",\"allow_atomic\":true}",
      "10052 async persist mode is not supported with atomic batch publish" },
    { 'C', "X", "{\"name\":\"X\",\"persist_mode\":\"async\"}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN "\"persist_mode\":\"async\","
      LEVEL_2 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"persist_mode\":\"\"}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"allow_batched\":true}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN
      "\"allow_batched\":true,\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"4\",\"_n"
      "ats.ver\":\"2.15.2\"}}" },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"allow_atomic\":true,\"allow_msg_ttl\":true}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":true,\"allow_atomic\":true," LEVEL_2 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"allow_msg_ttl\":true}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":true," LEVEL_1 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"a..b\"]}", "10052 invalid subject" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"a\",\"a\"]}",
      "10052 subject \"a\" overlaps with \"a\"" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"x y\"]}", "10052 invalid subject" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"\"]}", "10052 invalid subject" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\">\"]}",
      "10052 capturing all subjects requires no-ack to be true" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$JS.API.>\"]}",
      "10052 subjects that overlap with jetstream api require no-ack to be true" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$JS.EVENT.>\"]}",
      "{\"name\":\"X\",\"subjects\":[\"$JS.EVENT.\\u003e\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$JS.EVENT.ADVISORY.>\"]}",
      "{\"name\":\"X\",\"subjects\":[\"$JS.EVENT.ADVISORY.\\u003e\"]," LIMITS WINDOW PLAIN
      LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$SYS.>\"]}",
      "10052 subjects that overlap with system api require no-ack to be true" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$SYS.ACCOUNT.>\"]}",
      "{\"name\":\"X\",\"subjects\":[\"$SYS.ACCOUNT.\\u003e\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$NRG.x\"]}",
      "10052 subjects that overlap with jetstream api require no-ack to be true" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"$JSC.x\"]}",
      "10052 subjects that overlap with jetstream api require no-ack to be true" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"*.>\"]}",
      "10052 subjects that overlap with jetstream api require no-ack to be true" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"a.*\",\"a.b\"]}",
      "10052 subject \"a.*\" overlaps with \"a.b\"" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"a.<\",\"a.*\"]}",
      "10052 subject \"a.<\" overlaps with \"a.*\"" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"A\"]}",
      "10065 subjects overlap with an existing stream" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"*\"]}",
      "10065 subjects overlap with an existing stream" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"a.>\",\"b.>\",\"a.*.c\"]}",
      "10052 subject \"a.>\" overlaps with \"a.*.c\"" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\">\"],\"no_ack\":true}",
      "10065 subjects overlap with an existing stream" },
    { 'D', "X", "", "10059 stream not found" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\">\"],\"no_ack\":true,\"num_replicas\":2}",
      "10052 capturing all subjects requires replicas of 1" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[]}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"subject_transform\":{\"src\":\"t.*\",\"dest"
      "\":\"u.{{wildcard(1)}}\"}}",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"subject_transform\":{\"src\":\"t.*\",\"dest\":\"u.{{wildcard(1"
      ")}}\"},\"allow_direct\":false,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"subject_transform\":{\"src\":\"t..\",\"dest"
      "\":\"u\"}}", "10155 stream transform source: invalid subject t.." },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"subject_transform\":{\"src\":\"t.*\",\"dest"
      "\":\"u.{{wildcard(2)}}\"}}",
      "10156 stream transform: invalid mapping destination: wildcard index out of range in {{wil"
      "dcard(2)}}: [2]" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"subject_transform\":{\"src\":\"t.*\",\"dest"
      "\":\"u.{{foo(1)}}\"}}",
      "10156 stream transform: invalid mapping destination: unknown function in {{foo(1)}}" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"subject_transform\":{\"src\":\"\",\"dest\":\"u.>"
      "\"}}",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"subject_transform\":{\"src\":\"\",\"dest\":\"u.\\u003e\"},\"al"
      "low_direct\":false,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"subject_transform\":{\"src\":\"t.*\",\"dest"
      "\":\"\"}}",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"subject_transform\":{\"src\":\"t.*\",\"dest\":\"\"},\"allow_di"
      "rect\":false,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"src\":\"t.*\",\"dest\":\"r.{{wild"
      "card(1)}}\",\"headers_only\":true}}",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"republish\":{\"src\":\"t.*\",\"dest\":\"r.{{wildcard(1)}}"
      "\",\"headers_only\":true},\"allow_direct\":false,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"dest\":\"r.>\"}}",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"republish\":{\"src\":\"\\u003e\",\"dest\":\"r.\\u003e\"},\"all"
      "ow_direct\":false,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"dest\":\"r.>\"},\"pedantic\":true"
      "}", "10157 pedantic mode: republish source can not be empty" },
    { 'C', "X", "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"dest\":\"t.>\"}}",
      "10052 stream configuration for republish destination forms a cycle" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"src\":\">\",\"dest\":\"r.{{wildca"
      "rd(1)}}\"}}",
      "10052 stream configuration for republish with transform from '>' to 'r.{{wildcard(1)}}' n"
      "ot valid" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"src\":\"t.*\",\"dest\":\"\"}}",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"republish\":{\"src\":\"t.*\",\"dest\":\"\"},\"allow_direct\":f"
      "alse,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"src\":\">\",\"dest\":\">\"}}",
      "10052 stream configuration for republish destination forms a cycle" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"src\":\">\",\"dest\":\">\"},\"sub"
      "ject_transform\":{\"src\":\"t.*\",\"dest\":\"v.{{wildcard(1)}}\"}}",
      "10052 stream configuration for republish with transform from 'v.{{wildcard(1)}}' to 'v.{{"
      "wildcard(1)}}' not valid" },
    { 'D', "X", "", "10059 stream not found" },
    { 'C', "X",
      "{\"name\":\"X\",\"subjects\":[\"t.*\"],\"republish\":{\"src\":\">\",\"dest\":\">\"},\"sub"
      "ject_transform\":{\"src\":\"t.*\",\"dest\":\"v.{{wildcard(1)}}\"},\"pedantic\":true}",
      "10157 pedantic mode: implicit republish based on subject transform" },
    { 'C', "X", "{\"name\":\"X\",\"placement\":{}}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "X", "{\"name\":\"X\",\"placement\":{\"preferred\":\"s\"}}",
      "10052 preferred server not permitted in placement" },
    { 'C', "X", "{\"name\":\"X\",\"placement\":{\"tags\":[\"a\",\"b\"]}}",
      "{\"name\":\"X\",\"subjects\":[\"X\"]," LIMITS WINDOW
      "\"placement\":{\"tags\":[\"a\",\"b\"]}," PLAIN LEVEL_0 },
    { 'D', "X", "", "" },
    { 'C', "O",
      "{\"name\":\"O\",\"subjects\":[\"o.*\"],\"max_msg_size\":100,\"allow_direct\":true}",
      "{\"name\":\"O\",\"subjects\":[\"o.*\"],\"retention\":\"limits\",\"max_consumers\":-1,\"ma"
      "x_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":1"
      "00,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW
      "\"compression\":\"none\",\"allow_direct\":true,\"mirror_direct\":false," MARKS LEVEL_0 },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"first_seq\":5}",
      "10143 stream mirrors can not have first sequence configured" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"subjects\":[\"q\"]}",
      "10034 stream mirrors can not contain subjects" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"sources\":[{\"name\":\"A\"}]}",
      "10031 stream mirrors can not also contain other sources" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"allow_msg_counter\":true}",
      "10173 stream mirrors can not also calculate counters" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"allow_atomic\":true}",
      "10198 stream mirrors can not also use atomic publishing" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"allow_batched\":true}",
      "10209 stream mirrors can not also use batch publishing" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"allow_msg_schedules\":true}",
      "10186 stream mirrors can not also schedule messages" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"subject_delete_marker_ttl\":1000000000}",
      "10052 subject delete markers forbidden on mirrors" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"max_msg_size\":50}",
      "10030 stream mirror must have max message size >= source" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"pedantic\":true}",
      "10157 pedantic mode: origin stream has direct get set, mirror has it disabled" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"\"}}",
      "10142 mirrored stream name is invalid" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"a.b\"}}",
      "10142 mirrored stream name is invalid" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"filter_subject\":\"o.1\",\"subject_transform"
      "s\":[{\"src\":\"o.*\",\"dest\":\"p.$1\"}]}}",
      "10150 mirror with multiple subject transforms cannot also have a single subject filter" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"o..\",\"des"
      "t\":\"p\"}]}}", "10151 mirror transform source: invalid subject o.." },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"o.*\",\"des"
      "t\":\"p.$2\"}]}}",
      "10154 mirror transform: invalid mapping destination: wildcard index out of range in $2: ["
      "2]" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"o.*\",\"des"
      "t\":\"p.$1\"},{\"src\":\"o.a\",\"dest\":\"q\"}]}}",
      "10152 mirror subject filters can not overlap" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"o.a\",\"des"
      "t\":\"p\"},{\"src\":\"\",\"dest\":\"q.>\"}]}}",
      "{\"name\":\"M\"," LIMITS
      "\"mirror\":{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"o.a\",\"dest\":\"p\"},{\"sr"
      "c\":\"\",\"dest\":\"q.\\u003e\"}]},\"compression\":\"none\",\"allow_direct\":false,\"mirr"
      "or_direct\":true," MARKS LEVEL_0 },
    { 'D', "M", "", "" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"filter_subject\":\"o..\"}}",
      "10049 subject filter 'o..' for the mirror invalid subject" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"consumer\":{\"name\":\"a.b\",\"deliver_subje"
      "ct\":\"d\"}}}", "10213 stream mirror consumer config is invalid" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"consumer\":{\"name\":\"c\",\"deliver_subject"
      "\":\"d.*\"}}}", "10213 stream mirror consumer config is invalid" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"consumer\":{\"name\":\"c\"}}}",
      "10213 stream mirror consumer config is invalid" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"opt_start_seq\":5,\"consumer\":{\"name"
      "\":\"c\",\"deliver_subject\":\"d\"}}}", "10213 stream mirror consumer config is invalid" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"filter_subject\":\"o.a\",\"consumer\":{\"nam"
      "e\":\"c\",\"deliver_subject\":\"d\"}}}", "10213 stream mirror consumer config is invalid" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"external\":{\"api\":\"$JS.API\",\"deliver"
      "\":\"\"}}}", "10021 stream external api prefix $JS.API must not overlap with $JS.API" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"external\":{\"api\":\"$JS.*.API\",\"deliver"
      "\":\"\"}}}",
      "10052 stream external api prefix \"$JS.*.API\" must be a valid subject without wildcards" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"external\":{\"api\":\"$JS.X.API\",\"deliver"
      "\":\"d.*\"}}}", "10024 stream external delivery prefix d.* must not contain wildcards" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"external\":{\"api\":\"\",\"deliver\":\"a..b"
      "\"}}}", "10024 stream external delivery prefix a..b must not contain wildcards" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"external\":{\"api\":\"$JS.X.API\",\"deliver"
      "\":\"dd\"}}}",
      "{\"name\":\"M\"," LIMITS
      "\"mirror\":{\"name\":\"O\",\"external\":{\"api\":\"$JS.X.API\",\"deliver\":\"dd\"}},"
      PLAIN LEVEL_0 },
    { 'D', "M", "", "" },
    { 'C', "M",
      "{\"name\":\"M\",\"mirror\":{\"name\":\"O\",\"opt_start_seq\":5,\"opt_start_time\":\"2020-"
      "01-01T00:00:00.5Z\",\"filter_subject\":\"o.a\"}}",
      "{\"name\":\"M\"," LIMITS
      "\"mirror\":{\"name\":\"O\",\"opt_start_seq\":5,\"opt_start_time\":\"2020-01-01T00:00:00.5"
      "Z\",\"filter_subject\":\"o.a\"},\"compression\":\"none\",\"allow_direct\":false,\"mirror_"
      "direct\":true," MARKS LEVEL_0 },
    { 'D', "M", "", "" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"none\"},\"mirror_direct\":true}",
      "{\"name\":\"M\"," LIMITS
      "\"mirror\":{\"name\":\"none\"},\"compression\":\"none\",\"allow_direct\":false,\"mirror_d"
      "irect\":true," MARKS LEVEL_0 },
    { 'D', "M", "", "" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"M\"}}", "10052 detected cycle" },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"mirror_direct\":false}",
      "{\"name\":\"M\"," LIMITS
      "\"mirror\":{\"name\":\"O\"},\"compression\":\"none\",\"allow_direct\":false,\"mirror_dire"
      "ct\":true," MARKS LEVEL_0 },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"}}",
      "{\"name\":\"M\"," LIMITS
      "\"mirror\":{\"name\":\"O\"},\"compression\":\"none\",\"allow_direct\":false,\"mirror_dire"
      "ct\":true," MARKS LEVEL_0 },
    { 'C', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"A\"}}",
      "10058 stream name already in use with a different configuration" },
    { 'C', "MM", "{\"name\":\"MM\",\"mirror\":{\"name\":\"M\"}}",
      "{\"name\":\"MM\"," LIMITS "\"mirror\":{\"name\":\"M\"}," PLAIN LEVEL_0 },
    { 'U', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"MM\"}}", "10052 detected cycle" },
    { 'D', "MM", "", "" },
    { 'U', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"A\"}}",
      "10055 stream mirror configuration can not be updated" },
    { 'U', "M", "{\"name\":\"M\",\"mirror\":{\"name\":\"O\"},\"description\":\"mirror\"}",
      "{\"name\":\"M\",\"description\":\"mirror\"," LIMITS
      "\"mirror\":{\"name\":\"O\"},\"compression\":\"none\",\"allow_direct\":false,\"mirror_dire"
      "ct\":true," MARKS LEVEL_0 },
    { 'U', "M", "{\"name\":\"M\"}",
      "{\"name\":\"M\",\"subjects\":[\"M\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'D', "M", "", "" },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"}],\"allow_msg_schedules\":true}",
      "10187 stream source can not also schedule messages" },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"\"}]}",
      "10141 sourced stream name is invalid" },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"},{\"name\":\"O\"}]}",
      "10140 duplicate source configuration detected" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"filter_subject\":\">\"},{\"name\":\"O\"}]}",
      "10140 duplicate source configuration detected" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"filter_subject\":\"a\"},{\"name"
      "\":\"O\",\"filter_subject\":\"b\"}]}",
      "{\"name\":\"S\"," LIMITS
      "\"sources\":[{\"name\":\"O\",\"filter_subject\":\"a\"},{\"name\":\"O\",\"filter_subject"
      "\":\"b\"}]," PLAIN LEVEL_0 },
    { 'D', "S", "", "" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"filter_subject\":\"a\",\"subject_transform"
      "s\":[{\"src\":\"a\",\"dest\":\"b\"}]}]}",
      "10144 source with multiple subject transforms cannot also have a single subject filter" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"a.."
      "\",\"dest\":\"b\"}]}]}", "10145 source transform source: invalid subject a.." },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"a\",\"des"
      "t\":\"b.{{wildcard(1)}}\"}]}]}",
      "10146 source transform: invalid mapping destination: wildcard index out of range in {{wil"
      "dcard(1)}}" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"a\",\"des"
      "t\":\"b\"},{\"src\":\"*\",\"dest\":\"c.$1\"}]}]}", "10147 source filters can not overlap" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"a.*"
      "\",\"dest\":\"b.$1\"},{\"src\":\"*.a\",\"dest\":\"c.$1\"}]}]}",
      "{\"name\":\"S\"," LIMITS
      "\"sources\":[{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"a.*\",\"dest\":\"b.$1\"},"
      "{\"src\":\"*.a\",\"dest\":\"c.$1\"}]}]," PLAIN LEVEL_0 },
    { 'D', "S", "", "" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"consumer\":{\"name\":\"c\",\"deliver_subje"
      "ct\":\"d\"}},{\"name\":\"O\",\"consumer\":{\"name\":\"c\",\"deliver_subject\":\"e\"}}]}",
      "10140 duplicate source configuration detected" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"subject_transforms\":[{\"src\":\"a\",\"des"
      "t\":\"b\"}],\"consumer\":{\"name\":\"c\",\"deliver_subject\":\"d\"}},{\"name\":\"O\",\"co"
      "nsumer\":{\"name\":\"c\",\"deliver_subject\":\"e\"}}]}",
      "10216 duplicate stream source consumer detected" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"consumer\":{\"name\":\"c\",\"deliver_subje"
      "ct\":\"\"}}]}", "10215 stream source consumer config is invalid" },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"}],\"max_msg_size\":50}",
      "10046 stream source must have max message size >= target" },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"filter_subject\":\"a b\"}]}",
      "10049 subject filter 'a b' for the source: invalid subject" },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"S\"}]}", "10052 detected cycle" },
    { 'C', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"O\",\"external\":{\"api\":\"$JS.X.API\",\"delive"
      "r\":\"o\"}},{\"name\":\"O\"}]}",
      "{\"name\":\"S\"," LIMITS
      "\"sources\":[{\"name\":\"O\",\"external\":{\"api\":\"$JS.X.API\",\"deliver\":\"o\"}},{"
      "\"name\":\"O\"}]," PLAIN LEVEL_0 },
    { 'C', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"O\"}],\"subjects\":[\"s1\"]}",
      "10058 stream name already in use with a different configuration" },
    { 'C', "S2", "{\"name\":\"S2\",\"sources\":[{\"name\":\"S\"}],\"subjects\":[\"s2\"]}",
      "{\"name\":\"S2\",\"subjects\":[\"s2\"]," LIMITS "\"sources\":[{\"name\":\"S\"}]," PLAIN
      LEVEL_0 },
    { 'U', "S", "{\"name\":\"S\",\"sources\":[{\"name\":\"S2\"}],\"subjects\":[\"s1\"]}",
      "10052 detected cycle" },
    { 'U', "S",
      "{\"name\":\"S\",\"sources\":[{\"name\":\"S2\",\"filter_subject\":\"zz\"}],\"subjects\":["
      "\"s1\"]}", "10052 detected cycle" },
    { 'U', "S2",
      "{\"name\":\"S2\",\"sources\":[{\"name\":\"S\",\"filter_subject\":\"s2\"}],\"subjects\":["
      "\"s2\"]}",
      "{\"name\":\"S2\",\"subjects\":[\"s2\"]," LIMITS
      "\"sources\":[{\"name\":\"S\",\"filter_subject\":\"s2\"}]," PLAIN LEVEL_0 },
    { 'U', "S2",
      "{\"name\":\"S2\",\"sources\":[{\"name\":\"S\",\"filter_subject\":\"s1\"}],\"subjects\":["
      "\"s2\"]}",
      "{\"name\":\"S2\",\"subjects\":[\"s2\"]," LIMITS
      "\"sources\":[{\"name\":\"S\",\"filter_subject\":\"s1\"}]," PLAIN LEVEL_0 },
    { 'D', "S", "", "" },
    { 'D', "S2", "", "" },
    { 'U', "A", "{\"name\":\"B\"}", "10056 stream name in subject does not match request" },
    { 'U', "nope", "{\"name\":\"nope\"}", "10059 stream not found" },
    { 'U', "nope", "{\"name\":\"n.o\"}",
      "10052 stream name is required and can not contain '.', '*', '>', '\\', '/'" },
    { 'U', "A", "", "10052 stream name is required and can not contain '.', '*', '>', '\\', '/'" },
    { 'U', "A", "{\"name\":\"A\",\"storage\":\"memory\"}",
      "10052 stream configuration update can not change storage type" },
    { 'U', "A", "{\"name\":\"A\",\"retention\":\"workqueue\"}",
      "10052 stream configuration update can not change retention policy to/from workqueue" },
    { 'U', "A", "{\"name\":\"A\",\"retention\":\"interest\"}",
      "{\"name\":\"A\",\"subjects\":[\"A\"],\"retention\":\"interest\",\"max_consumers\":-1,\"ma"
      "x_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-"
      "1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW PLAIN LEVEL_0 },
    { 'U', "A", "{\"name\":\"A\",\"retention\":\"limits\"}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'U', "A", "{\"name\":\"A\",\"num_replicas\":3}",
      "10074 replicas > 1 not supported in non-clustered mode" },
    { 'U', "A", "{\"name\":\"A\",\"max_consumers\":3,\"max_msgs\":7}",
      "{\"name\":\"A\",\"subjects\":[\"A\"],\"retention\":\"limits\",\"max_consumers\":3,\"max_m"
      "sgs\":7,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,"
      "\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW PLAIN LEVEL_0 },
    { 'U', "A", "{\"name\":\"A\",\"subjects\":[\"o.x\"]}",
      "10065 subjects overlap with an existing stream" },
    { 'U', "A", "{\"name\":\"A\",\"subjects\":[\"A\",\"A2\"]}",
      "{\"name\":\"A\",\"subjects\":[\"A\",\"A2\"]," LIMITS WINDOW PLAIN LEVEL_0 },
    { 'U', "A", "{\"name\":\"A\",\"deny_delete\":true}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":true,\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":false," LEVEL_0 },
    { 'U', "A", "{\"name\":\"A\"}",
      "10052 stream configuration update can not cancel deny message deletes" },
    { 'U', "A", "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":true,\"deny_purge\":true,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":false," LEVEL_0 },
    { 'U', "A", "{\"name\":\"A\",\"deny_delete\":true}",
      "10052 stream configuration update can not cancel deny purge" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":true,\"deny_purge\":true,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":true," LEVEL_1 },
    { 'U', "A", "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true}",
      "10052 message TTL status can not be disabled" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true,\"allow_m"
      "sg_counter\":true}", "10052 counter stream cannot use message TTLs" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_counter\":true}",
      "10052 message TTL status can not be disabled" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true,\"persist"
      "_mode\":\"async\"}", "10052 stream configuration update can not change persist mode" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true,\"first_s"
      "eq\":9,\"compression\":\"s2\"}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW
      "\"compression\":\"s2\",\"first_seq\":9,\"allow_direct\":false,\"mirror_direct\":false,"
      "\"sealed\":false,\"deny_delete\":true,\"deny_purge\":true,\"allow_rollup_hdrs\":false,"
      "\"consumer_limits\":{},\"allow_msg_ttl\":true," LEVEL_1 },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true,\"mirror"
      "\":{\"name\":\"O\"}}", "10055 stream mirror configuration can not be updated" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true,\"discard"
      "_new_per_subject\":true}",
      "10052 discard new per subject requires discard new policy to be set" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true,\"sealed"
      "\":true,\"max_age\":10000000000,\"pedantic\":true}",
      "10157 pedantic mode: duplicate window cannot be bigger than max age" },
    { 'U', "A",
      "{\"name\":\"A\",\"deny_delete\":true,\"deny_purge\":true,\"allow_msg_ttl\":true}",
      "{\"name\":\"A\",\"subjects\":[\"A\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":true,\"deny_purge\":true,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":true," LEVEL_1 },
    { 'U', "A",
      "{\"name\":\"A\",\"sealed\":true,\"allow_msg_ttl\":true,\"deny_delete\":true,\"deny_purge"
      "\":true,\"discard\":\"old\"}",
      "{\"name\":\"A\",\"subjects\":[\"A\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_"
      "msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1,"
      "\"discard\":\"new\",\"storage\":\"file\",\"num_replicas\":1," WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":true,"
      "\"deny_delete\":true,\"deny_purge\":true,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":true," LEVEL_1 },
    { 'C', "Q", "{\"name\":\"Q\",\"retention\":\"workqueue\"}",
      "{\"name\":\"Q\",\"subjects\":[\"Q\"],\"retention\":\"workqueue\",\"max_consumers\":-1,"
      "\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size"
      "\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW PLAIN LEVEL_0 },
    { 'U', "Q", "{\"name\":\"Q\"}",
      "10052 stream configuration update can not change retention policy to/from workqueue" },
    { 'U', "Q", "{\"name\":\"Q\",\"retention\":\"workqueue\",\"mirror_direct\":true}",
      "{\"name\":\"Q\",\"subjects\":[\"Q\"],\"retention\":\"workqueue\",\"max_consumers\":-1,"
      "\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size"
      "\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":true," MARKS LEVEL_0 },
    { 'C', "W", "{\"name\":\"W\",\"allow_msg_schedules\":true}",
      "{\"name\":\"W\",\"subjects\":[\"W\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":true,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":false,\"allow_msg_schedules\":true," LEVEL_2 },
    { 'U', "W", "{\"name\":\"W\"}", "10052 message schedules can not be disabled" },
    { 'U', "W", "{\"name\":\"W\",\"allow_msg_schedules\":true}",
      "{\"name\":\"W\",\"subjects\":[\"W\"]," LIMITS WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":true,\"consumer_limits"
      "\":{},\"allow_msg_ttl\":false,\"allow_msg_schedules\":true," LEVEL_2 },
    { 'D', "A", "", "" },
    { 'D', "Q", "", "" },
    { 'D', "W", "", "" },
    { 'D', "O", "", "" },
};

static const struct stream_case limited_cases[] = {
    { 'C', "X", "{\"name\":\"X\"}",
      "10113 account requires a stream config to have max bytes set" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":1600}",
      "10122 stream max bytes exceeds account limit max stream bytes" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":700,\"storage\":\"memory\"}",
      "10122 stream max bytes exceeds account limit max stream bytes" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":2001}",
      "10122 stream max bytes exceeds account limit max stream bytes" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":1100,\"storage\":\"memory\"}",
      "10028 insufficient memory resources available" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":500,\"max_consumers\":5}",
      "10026 maximum consumers limit reached" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":500,\"duplicate_window\":61000000000}",
      "10052 duplicates window can not be larger then server limit of 1m0s" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":500,\"pedantic\":true}",
      "10157 pedantic mode: duplicate window limits are higher than current limits" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":1500,\"max_consumers\":4}",
      "{\"name\":\"X\",\"subjects\":[\"X\"],\"retention\":\"limits\",\"max_consumers\":4,\"max_m"
      "sgs\":-1,\"max_bytes\":1500,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1"
      ",\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1,\"duplicate_window\":6000000"
      "0000," PLAIN LEVEL_0 },
    { 'C', "Y", "{\"name\":\"Y\",\"max_bytes\":600}",
      "10047 insufficient storage resources available" },
    { 'C', "Y", "{\"name\":\"Y\",\"max_bytes\":500}",
      "{\"name\":\"Y\",\"subjects\":[\"Y\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_"
      "msgs\":-1,\"max_bytes\":500,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1"
      ",\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1,\"duplicate_window\":6000000"
      "0000," PLAIN LEVEL_0 },
    { 'C', "Z", "{\"name\":\"Z\",\"max_bytes\":600,\"storage\":\"memory\"}",
      "{\"name\":\"Z\",\"subjects\":[\"Z\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_"
      "msgs\":-1,\"max_bytes\":600,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1"
      ",\"discard\":\"old\",\"storage\":\"memory\",\"num_replicas\":1,\"duplicate_window\":60000"
      "000000," PLAIN LEVEL_0 },
    { 'C', "V", "{\"name\":\"V\",\"max_bytes\":100,\"storage\":\"memory\"}",
      "10027 maximum number of streams reached" },
    { 'C', "X", "{\"name\":\"X\",\"max_bytes\":1500,\"max_consumers\":4}",
      "{\"name\":\"X\",\"subjects\":[\"X\"],\"retention\":\"limits\",\"max_consumers\":4,\"max_m"
      "sgs\":-1,\"max_bytes\":1500,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1"
      ",\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1,\"duplicate_window\":6000000"
      "0000," PLAIN LEVEL_0 },
    { 'U', "Y", "{\"name\":\"Y\",\"max_bytes\":501}",
      "10047 insufficient storage resources available" },
    { 'U', "Y", "{\"name\":\"Y\",\"max_bytes\":400}",
      "{\"name\":\"Y\",\"subjects\":[\"Y\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_"
      "msgs\":-1,\"max_bytes\":400,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1"
      ",\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1,\"duplicate_window\":6000000"
      "0000," PLAIN LEVEL_0 },
    { 'U', "Y", "{\"name\":\"Y\",\"max_bytes\":500}",
      "{\"name\":\"Y\",\"subjects\":[\"Y\"],\"retention\":\"limits\",\"max_consumers\":-1,\"max_"
      "msgs\":-1,\"max_bytes\":500,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_size\":-1"
      ",\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1,\"duplicate_window\":6000000"
      "0000," PLAIN LEVEL_0 },
    { 'U', "Y", "{\"name\":\"Y\",\"max_consumers\":9,\"max_bytes\":500}",
      "10026 maximum consumers limit reached" },
    { 'U', "Y", "{\"name\":\"Y\"}",
      "10113 account requires a stream config to have max bytes set" },
    { 'U', "Z", "{\"name\":\"Z\",\"max_bytes\":601,\"storage\":\"memory\"}",
      "10122 stream max bytes exceeds account limit max stream bytes" },
};

#undef LIMITS
#undef WINDOW
#undef PLAIN
#undef MARKS
#undef LEVEL_0
#undef LEVEL_1
#undef LEVEL_2
/* clang-format on */

#endif
