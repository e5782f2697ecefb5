/* SPDX-License-Identifier: Apache-2.0 */
/* Requests in their order and what nats-server 2.15.2 answered: the configuration, or err_code and
 * text, or nothing ("-"). Each row meets what the rows before it left behind. A name that the
 * server made is RANDOM. */
#ifndef MIDGE_STREAM_CONSUMER_CONFIG_TEST_CASES_H
#define MIDGE_STREAM_CONSUMER_CONFIG_TEST_CASES_H

struct consumer_case {
    const char *subject;                /* behind $JS.API. */
    const char *body;
    const char *expected;
};

/* clang-format off */
#define POLICIES \
    "\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"max_deliver\":-1,\"replay_policy" \
    "\":\"instant\","
#define EXPLICIT \
    "\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":30000000000,\"max_deliv" \
    "er\":-1,\"replay_policy\":\"instant\",\"max_waiting\":512,\"max_ack_pending\":1000,"
#define FIVE \
    "\"inactive_threshold\":5000000000,\"num_replicas\":0,"
#define LEVEL_0 \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"0\",\"_nats.ver\":\"2.15.2\"}"
#define LEVEL_1 \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"1\",\"_nats.ver\":\"2.15.2\"}"
#define LEVEL_2 \
    "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"2\",\"_nats.ver\":\"2.15.2\"}"
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

static const struct consumer_case plain_cases[] = {
    { "STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.>\"]}",
      "{\"name\":\"S\",\"subjects\":[\"s.\\u003e\"]," LIMITS WINDOW PLAIN LEVEL_0 "}" },
    { "CONSUMER.CREATE.S", "", "10056 stream name in subject does not match request" },
    { "CONSUMER.CREATE.S", "{\"stream_name\":\"X\"}",
      "10056 stream name in subject does not match request" },
    { "CONSUMER.CREATE.X", "{\"stream_name\":\"X\"}", "10059 stream not found" },
    { "CONSUMER.CREATE.S", "{\"stream_name\":\"S\"}",
      "{" POLICIES "\"max_waiting\":512," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.none", "", "10014 consumer not found" },
    { "CONSUMER.CREATE.S", "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"d\"}}",
      "10020 consumer expected to be ephemeral but a durable name was set in request" },
    { "CONSUMER.CREATE.S",
      "{\"stream_name\":\"S\",\"config\":{\"name\":\"e\",\"deliver_subject\":\"dd\"}}",
      "{\"name\":\"e\"," POLICIES "\"deliver_subject\":\"dd\"," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.e", "", "" },
    { "CONSUMER.CREATE.S.d", "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"e\"}}",
      "10017 consumer name in subject does not match durable name in request" },
    { "CONSUMER.CREATE.S.a/b", "{\"stream_name\":\"S\"}",
      "10127 Consumer name can not contain path separators" },
    { "CONSUMER.CREATE.S.a\\b", "{\"stream_name\":\"S\"}",
      "10127 Consumer name can not contain path separators" },
    { "CONSUMER.CREATE.S.d",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"d\",\"name\":\"zz\"}}",
      "{\"durable_name\":\"d\",\"name\":\"d\"," POLICIES
      "\"max_waiting\":512,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.d", "", "" },
    { "CONSUMER.CREATE.S.d.s.a",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\"s.b\"}}",
      "10131 Consumer create request did not match filtered subject from create subject" },
    { "CONSUMER.CREATE.S.d.s.a",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subjects\":[\"s.a\"]}}",
      "10137 consumer with multiple subject filters cannot use subject based API" },
    { "CONSUMER.CREATE.S.d.s.a",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\"s.a\"}}",
      "{\"name\":\"d\",\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"max_deliver\":-1,"
      "\"filter_subject\":\"s.a\",\"replay_policy\":\"instant\",\"max_waiting\":512," FIVE
      LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.d", "", "" },
    { "CONSUMER.CREATE.S.d.>", "{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\">\"}}",
      "{\"name\":\"d\",\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"max_deliver\":-1,"
      "\"filter_subject\":\"\\u003e\",\"replay_policy\":\"instant\",\"max_waiting\":512," FIVE
      LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.d", "", "" },
    { "CONSUMER.DURABLE.CREATE.S.d", "{\"stream_name\":\"S\"}",
      "10018 consumer expected to be durable but a durable name was not set" },
    { "CONSUMER.DURABLE.CREATE.S.d",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"e\"}}",
      "10017 consumer name in subject does not match durable name in request" },
    { "CONSUMER.DURABLE.CREATE.S.d",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"d\",\"ack_policy\":\"explicit\"}}",
      "{\"durable_name\":\"d\",\"name\":\"d\"," EXPLICIT "\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.d", "", "" },
    { "CONSUMER.DURABLE.CREATE.S.d.x",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"d\"}}", "-" },
    { "CONSUMER.DURABLE.CREATE.S", "{\"stream_name\":\"S\"}", "-" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"num_replicas\":3}}",
      "10074 replicas > 1 not supported in non-clustered mode" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"num_replicas\":-1}}",
      "10133 replicas count cannot be negative" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"num_replicas\":1}}",
      "{\"name\":\"c\"," POLICIES
      "\"max_waiting\":512,\"inactive_threshold\":5000000000,\"num_replicas\":1," LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"backoff\":[-1]}}",
      "10184 consumer backoff needs to be positive" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"ack_wait\":-1}}",
      "10183 consumer ack wait needs to be positive" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\"}}",
      "10218 flow control ack policy requires a push based consumer" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"flow_control\",\"max_deliver"
      "\":-1,\"replay_policy\":\"instant\",\"max_ack_pending\":1000,\"flow_control\":true,\"deli"
      "ver_subject\":\"d\",\"idle_heartbeat\":1000000000," FIVE
      "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"4\",\"_nats.ver\":\"2.15.2\"}}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\",\"max_ack_pending\":-1}}",
      "10220 flow control ack policy requires max ack pending" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\",\"ack_wait\":5}}", "10221 flow control ack policy requires unset ack wait" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\",\"backoff\":[5]}}", "10221 flow control ack policy requires unset ack wait" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\",\"max_deliver\":5}}", "10222 flow control ack policy requires unset max deliver" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"backoff\":[1,2],\"max_deliver\":1}}",
      "10116 max deliver is required to be > length of backoff values" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"backoff\":[1000000000,2000000000],\"ack_policy"
      "\":\"explicit\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":10000"
      "00000,\"max_deliver\":-1,\"backoff\":[1000000000,2000000000],\"replay_policy\":\"instant"
      "\",\"max_waiting\":512,\"max_ack_pending\":1000," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d.*\"}}",
      "10079 consumer deliver subject has wildcards" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d..x\"}}",
      "10112 invalid push consumer deliver subject" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"s.x\"}}",
      "10081 consumer deliver subject forms a cycle" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\",\"max_waiting\":5}}",
      "10080 consumer in push mode can not set max waiting" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\",\"max_ack_pending\":5}}",
      "10082 consumer requires ack policy for max ack pending" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\",\"idle_heartbeat\":5}}",
      "10083 consumer idle heartbeat needs to be >= 100ms" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\",\"idle_heartbeat\":100000000"
      "0,\"flow_control\":true,\"rate_limit_bps\":5,\"deliver_group\":\"g\",\"headers_only\":tru"
      "e,\"sample_freq\":\"30%\",\"ack_policy\":\"all\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"all\",\"ack_wait\":3000000000"
      "0,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"rate_limit_bps\":5,\"sample_freq"
      "\":\"30%\",\"max_ack_pending\":1000,\"flow_control\":true,\"headers_only\":true,\"deliver"
      "_subject\":\"d\",\"deliver_group\":\"g\",\"idle_heartbeat\":1000000000," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"rate_limit_bps\":5}}",
      "10086 consumer in pull mode can not have rate limit set" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"idle_heartbeat\":1000000000}}",
      "10088 consumer idle heartbeat requires a push based consumer" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"flow_control\":true}}",
      "10089 consumer flow control requires a push based consumer" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"max_expires\":5}}",
      "10115 consumer max request expires needs to be >= 1ms" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_expires\":1000000000,\"max_batch\":5,\"max_bytes"
      "\":7,\"max_waiting\":9}}",
      "{\"name\":\"c\"," POLICIES
      "\"max_waiting\":9,\"max_batch\":5,\"max_expires\":1000000000,\"max_bytes\":7," FIVE
      LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"direct\":true}}",
      "10090 consumer direct requires a push based consumer" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"direct\":true,\"deliver_subject\":\"d\",\"durable_na"
      "me\":\"c\"}}", "10091 consumer direct requires an ephemeral consumer" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\"a\",\"filter_subjects\":[\"b\"]}}",
      "10136 consumer cannot have both FilterSubject and FilterSubjects specified" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\"a..b\"}}",
      "10052 invalid subject" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"filter_subjects\":[\"\"]}}",
      "10139 consumer filter in FilterSubjects cannot be empty" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subjects\":[\"a..b\"]}}",
      "10052 invalid subject" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subjects\":[\"a.*\",\"a.b\"]}}",
      "10138 consumer subject filters cannot overlap" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subjects\":[\"a.*\",\"*.b\"]}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"max_deliver\":-1,"
      "\"filter_subjects\":[\"a.*\",\"*.b\"],\"replay_policy\":\"instant\",\"max_waiting\":512,"
      FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"filter_subjects\":[\"a\",\"a\"]}}",
      "10138 consumer subject filters cannot overlap" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"filter_subject\":\"zz\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"none\",\"max_deliver\":-1,"
      "\"filter_subject\":\"zz\",\"replay_policy\":\"instant\",\"max_waiting\":512," FIVE LEVEL_0
      "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"opt_start_seq\":5}}",
      "10094 consumer delivery policy is deliver all, but optional start sequence is also set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"opt_start_time\":\"2020-01-01T00:00:00Z\"}}",
      "10094 consumer delivery policy is deliver all, but optional start time is also set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"last\",\"opt_start_seq\":5}}",
      "10094 consumer delivery policy is deliver last, but optional start sequence is also set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"new\",\"opt_start_time\":\"2020-0"
      "1-01T00:00:00Z\"}}",
      "10094 consumer delivery policy is deliver new, but optional start time is also set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"last_per_subject\"}}",
      "10094 consumer delivery policy is deliver last per subject, but optional filter subject i"
      "s not set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"last_per_subject\",\"opt_start_se"
      "q\":5}}",
      "10094 consumer delivery policy is deliver last per subject, but optional start sequence i"
      "s also set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"last_per_subject\",\"filter_subje"
      "ct\":\">\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"last_per_subject\",\"ack_policy\":\"none\",\"max_del"
      "iver\":-1,\"filter_subject\":\"\\u003e\",\"replay_policy\":\"instant\",\"max_waiting\":51"
      "2," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_sequence\"}}",
      "10094 consumer delivery policy is deliver by start sequence, but optional start sequence "
      "is not set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_sequence\",\"opt_start_s"
      "eq\":5}}",
      "{\"name\":\"c\",\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":5,\"ack_policy"
      "\":\"none\",\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_waiting\":512," FIVE
      LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_sequence\",\"opt_start_s"
      "eq\":5,\"opt_start_time\":\"2020-01-01T00:00:00Z\"}}",
      "10094 consumer delivery policy is deliver by start sequence, but optional start time is a"
      "lso set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_time\"}}",
      "10094 consumer delivery policy is deliver by start time, but optional start time is not s"
      "et" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_time\",\"opt_start_time"
      "\":\"2020-01-01T00:00:00.000000001Z\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"by_start_time\",\"opt_start_time\":\"2020-01-01T00:0"
      "0:00.000000001Z\",\"ack_policy\":\"none\",\"max_deliver\":-1,\"replay_policy\":\"instant"
      "\",\"max_waiting\":512," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_policy\":\"by_start_time\",\"opt_start_time"
      "\":\"2020-01-01T00:00:00Z\",\"opt_start_seq\":5}}",
      "10094 consumer delivery policy is deliver by start time, but optional start start sequenc"
      "e is also set" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"sample_freq\":\"x\"}}",
      "10095 failed to parse consumer sampling configuration: strconv.Atoi: parsing \"x\": inval"
      "id syntax" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"sample_freq\":\"-1\"}}",
      "10095 failed to parse consumer sampling configuration: <nil>" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"sample_freq\":\"100\"}}",
      "{\"name\":\"c\"," POLICIES "\"sample_freq\":\"100\",\"max_waiting\":512," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"sample_freq\":\"%\"}}",
      "10095 failed to parse consumer sampling configuration: strconv.Atoi: parsing \"\": invali"
      "d syntax" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"sample_freq\":\"5.5%\"}}",
      "10095 failed to parse consumer sampling configuration: strconv.Atoi: parsing \"5.5\": inv"
      "alid syntax" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\",\"flow_control\":true}}",
      "10108 consumer with flow control also needs heartbeats" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"metadata\":{\"b\":\"c\",\"a\":\"d\"}}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE
      "\"metadata\":{\"_nats.level\":\"5\",\"_nats.req.level\":\"0\",\"_nats.ver\":\"2.15.2"
      "\",\"a\":\"d\",\"b\":\"c\"}}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"overflow\"}}",
      "10159 Setting PriorityPolicy requires at least one PriorityGroup to be set" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"overflow\",\"priority_groups\":["
      "\"\"]}}", "10161 Group name cannot be an empty string" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"overflow\",\"priority_groups\":["
      "\"a b\"]}}",
      "10162 Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 ch"
      "aracters" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"overflow\",\"priority_groups\":["
      "\"aaaaaaaaaaaaaaaaa\"]}}",
      "10162 Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 ch"
      "aracters" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"overflow\",\"priority_groups\":["
      "\"a\"],\"deliver_subject\":\"d\"}}",
      "10178 priority groups can not be used with push consumers" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"priority_groups\":[\"a\"]}}",
      "10196 consumer can not have priority groups when policy is none" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"priority_timeout\":5}}",
      "10197 PinnedTTL cannot be set when PriorityPolicy is none" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"pinned_client\",\"priority_group"
      "s\":[\"a\"]}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_1
      ",\"priority_groups\":[\"a\"],\"priority_policy\":\"pinned_client\",\"priority_timeout\":1"
      "20000000000}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_policy\":\"prioritized\",\"priority_groups"
      "\":[\"a\"],\"priority_timeout\":1000000000}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_1
      ",\"priority_groups\":[\"a\"],\"priority_policy\":\"prioritized\",\"priority_timeout\":100"
      "0000000}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"pause_until\":\"2060-01-01T00:00:00Z\"}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_1
      ",\"pause_until\":\"2060-01-01T00:00:00Z\"}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"pause_until\":\"0001-01-01T00:00:00Z\"}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_0
      ",\"pause_until\":\"0001-01-01T00:00:00Z\"}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"mem_storage\":true,\"inactive_threshold\":1000000000"
      "0}}",
      "{\"name\":\"c\"," POLICIES
      "\"max_waiting\":512,\"inactive_threshold\":10000000000,\"num_replicas\":0,\"mem_storage"
      "\":true," LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_deliver\":-5,\"max_waiting\":-5,\"max_ack_pendin"
      "g\":-5,\"max_batch\":-5,\"max_expires\":-5,\"max_bytes\":-5,\"idle_heartbeat\":-5,\"inact"
      "ive_threshold\":-5,\"priority_timeout\":-5}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512,\"max_ack_pending\":-1," FIVE LEVEL_1 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"explicit\",\"max_ack_pending\":-1}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":30000"
      "000000,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_waiting\":512,\"max_ack_pen"
      "ding\":-1," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"none\",\"max_ack_pending\":7}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512,\"max_ack_pending\":7," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"replay_policy\":\"original\",\"ack_policy\":\"all"
      "\",\"ack_wait\":1000000000}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"all\",\"ack_wait\":1000000000"
      ",\"max_deliver\":-1,\"replay_policy\":\"original\",\"max_waiting\":512,\"max_ack_pending"
      "\":1000," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," POLICIES
      "\"max_waiting\":512,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"inactive_threshold\":10000000"
      "000}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," POLICIES
      "\"max_waiting\":512,\"inactive_threshold\":10000000000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_deliver\":-2},\"pedantic\":true}",
      "10157 pedantic mode: max_deliver must be set to -1" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_waiting\":-2},\"pedantic\":true}",
      "10157 pedantic mode: max_waiting must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_ack_pending\":-2},\"pedantic\":true}",
      "10157 pedantic mode: max_ack_pending must be set to -1" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_batch\":-2},\"pedantic\":true}",
      "10157 pedantic mode: max_batch must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_expires\":-2},\"pedantic\":true}",
      "10157 pedantic mode: max_expires must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"max_bytes\":-2},\"pedantic\":true}",
      "10157 pedantic mode: max_bytes must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"idle_heartbeat\":-2},\"pedantic\":true}",
      "10157 pedantic mode: idle_heartbeat must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"inactive_threshold\":-2},\"pedantic\":true}",
      "10157 pedantic mode: inactive_threshold must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"priority_timeout\":-2},\"pedantic\":true}",
      "10157 pedantic mode: priority_timeout must not be negative" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"explicit\",\"backoff\":[5]},\"pedanti"
      "c\":true}", "10157 pedantic mode: first backoff value has to equal batch AckWait" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"explicit\",\"backoff\":[5],\"ack_wait"
      "\":5},\"pedantic\":true}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":5,"
      "\"max_deliver\":-1,\"backoff\":[5],\"replay_policy\":\"instant\",\"max_waiting\":512,\"ma"
      "x_ack_pending\":1000," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\",\"max_ack_pending\":5},\"pedantic\":true}",
      "10219 flow control ack policy requires flow control" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"flow_control\",\"deliver_subject"
      "\":\"d\",\"flow_control\":true,\"idle_heartbeat\":2000000000},\"pedantic\":true}",
      "10052 flow control ack policy heartbeat needs to be 1s" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT "\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit\"},"
      "\"action\":\"create\"}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT "\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"max_deliver\":4},\"action\":\"create\"}", "10148 consumer already exists" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"max_deliver\":4},\"action\":\"update\"}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":30000000000,\"max_deliver\":4,\"replay_policy\":\"instant\",\"max_waiti"
      "ng\":512,\"max_ack_pending\":1000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"metadata\":{\"_nats.ver\":\"1\"},\"max_deliver\":4},\"action\":\"create\"}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":30000000000,\"max_deliver\":4,\"replay_policy\":\"instant\",\"max_waiti"
      "ng\":512,\"max_ack_pending\":1000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.q",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"q\"},\"action\":\"update\"}",
      "10149 consumer does not exist" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"deliver_policy\":\"new\"}}", "10012 deliver policy can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"mem_storage\":true}}", "10012 storage type can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"opt_start_seq\":5,\"deliver_policy\":\"by_start_sequence\"}}",
      "10012 deliver policy can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"all\"}}",
      "10012 ack policy can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"replay_policy\":\"original\"}}", "10012 replay policy can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"deliver_subject\":\"dd\"}}", "10012 can not update pull consumer to push based" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"max_waiting\":7}}", "10012 max waiting can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"filter_subject\":\"s.a\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":30000000000,\"max_deliver\":-1,\"filter_subject\":\"s.a\",\"replay_poli"
      "cy\":\"instant\",\"max_waiting\":512,\"max_ack_pending\":1000,\"num_replicas\":0," LEVEL_0
      "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"filter_subjects\":[\"s.a\",\"s.b\"]}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":30000000000,\"max_deliver\":-1,\"filter_subjects\":[\"s.a\",\"s.b\"],"
      "\"replay_policy\":\"instant\",\"max_waiting\":512,\"max_ack_pending\":1000,\"num_replicas"
      "\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"backoff\":[1000000000]}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":1000000000,\"max_deliver\":-1,\"backoff\":[1000000000],\"replay_policy"
      "\":\"instant\",\"max_waiting\":512,\"max_ack_pending\":1000,\"num_replicas\":0," LEVEL_0
      "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"max_ack_pending\":5}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":30000000000,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_wait"
      "ing\":512,\"max_ack_pending\":5,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"sample_freq\":\"5\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":30000000000,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"sample_f"
      "req\":\"5\",\"max_waiting\":512,\"max_ack_pending\":1000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"inactive_threshold\":10000000000}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT
      "\"inactive_threshold\":10000000000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"description\":\"d\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"description\":\"d\"," EXPLICIT
      "\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"pause_until\":\"2060-01-01T00:00:00Z\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT "\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"headers_only\":true}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT
      "\"headers_only\":true,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"max_batch\":5}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT "\"max_batch\":5,\"num_replicas\":0,"
      LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"num_replicas\":1}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT "\"num_replicas\":1," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"direct\":true}}", "10090 consumer direct requires a push based consumer" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"sourcing\":true}}", "10012 sourcing can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"ack_wait\":1000000000}}",
      "{\"durable_name\":\"c\",\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explic"
      "it\",\"ack_wait\":1000000000,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_waiti"
      "ng\":512,\"max_ack_pending\":1000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"durable_name\":\"c\",\"ack_policy\":\"explicit"
      "\",\"priority_policy\":\"overflow\",\"priority_groups\":[\"g\"]}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," EXPLICIT "\"num_replicas\":0," LEVEL_1
      ",\"priority_groups\":[\"g\"],\"priority_policy\":\"overflow\"}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"p1\",\"idle_heartbeat\":10000000"
      "00}}",
      "{\"name\":\"c\"," POLICIES "\"deliver_subject\":\"p1\",\"idle_heartbeat\":1000000000,"
      FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"p1\",\"idle_heartbeat\":20000000"
      "00}}", "10012 heart beats can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"p1\",\"idle_heartbeat\":10000000"
      "00,\"flow_control\":true}}", "10012 flow control can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"p2\",\"idle_heartbeat\":10000000"
      "00}}",
      "{\"name\":\"c\"," POLICIES "\"deliver_subject\":\"p2\",\"idle_heartbeat\":1000000000,"
      FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"idle_heartbeat\":0}}",
      "10012 heart beats can not be updated" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{}}",
      "10012 heart beats can not be updated" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"p2\",\"idle_heartbeat\":10000000"
      "00},\"action\":\"create\"}", "10148 consumer already exists" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"p2\",\"idle_heartbeat\":10000000"
      "00,\"inactive_threshold\":5000000000},\"action\":\"create\"}",
      "{\"name\":\"c\"," POLICIES "\"deliver_subject\":\"p2\",\"idle_heartbeat\":1000000000,"
      FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"pause_until\":\"2060-01-01T00:00:00Z\"}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_1
      ",\"pause_until\":\"2060-01-01T00:00:00Z\"}" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_1
      ",\"pause_until\":\"2060-01-01T00:00:00Z\"}" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"pause_until\":\"2061-01-01T00:00:00Z\"},\"action"
      "\":\"create\"}", "10148 consumer already exists" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"inactive_threshold\":5000000000},\"action\":\"create"
      "\"}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512," FIVE LEVEL_1
      ",\"pause_until\":\"2060-01-01T00:00:00Z\"}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "STREAM.CREATE.W",
      "{\"name\":\"W\",\"subjects\":[\"w.>\"],\"retention\":\"workqueue\",\"max_consumers\":3}",
      "{\"name\":\"W\",\"subjects\":[\"w.\\u003e\"],\"retention\":\"workqueue\",\"max_consumers"
      "\":3,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg"
      "_size\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW PLAIN
      LEVEL_0 "}" },
    { "CONSUMER.CREATE.W.c", "{\"stream_name\":\"W\",\"config\":{}}",
      "10084 consumer in pull mode requires explicit ack policy on workqueue stream" },
    { "CONSUMER.CREATE.W.c", "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"all\"}}",
      "10098 workqueue stream requires explicit ack" },
    { "CONSUMER.CREATE.W.c",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"deliver_policy\":\"new"
      "\"}}", "10101 consumer must be deliver all on workqueue stream" },
    { "CONSUMER.CREATE.W.c", "{\"stream_name\":\"W\",\"config\":{\"deliver_subject\":\"d\"}}",
      "10098 workqueue stream requires explicit ack" },
    { "CONSUMER.CREATE.W.c",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"num_replicas\":1}}",
      "{\"name\":\"c\"," EXPLICIT "\"inactive_threshold\":5000000000,\"num_replicas\":1," LEVEL_0
      "}" },
    { "CONSUMER.DELETE.W.c", "", "" },
    { "CONSUMER.CREATE.W.c1",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"filter_subject\":\"w.a"
      "\"}}",
      "{\"name\":\"c1\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":3000"
      "0000000,\"max_deliver\":-1,\"filter_subject\":\"w.a\",\"replay_policy\":\"instant\",\"max"
      "_waiting\":512,\"max_ack_pending\":1000," FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.W.c2", "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\"}}",
      "10099 multiple non-filtered consumers not allowed on workqueue stream" },
    { "CONSUMER.CREATE.W.c2",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"filter_subject\":\"w.*"
      "\"}}", "10100 filtered consumer not unique on workqueue stream" },
    { "CONSUMER.CREATE.W.c2",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"filter_subjects\":[\"w.b"
      "\",\"w.a.*\"]}}",
      "{\"name\":\"c2\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":3000"
      "0000000,\"max_deliver\":-1,\"filter_subjects\":[\"w.b\",\"w.a.*\"],\"replay_policy\":\"in"
      "stant\",\"max_waiting\":512,\"max_ack_pending\":1000," FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.W.c1",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"filter_subject\":\"w.b"
      "\"}}", "10100 filtered consumer not unique on workqueue stream" },
    { "CONSUMER.CREATE.W.c1", "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\"}}",
      "{\"name\":\"c1\"," EXPLICIT FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.W.c3",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"filter_subject\":\"w.c"
      "\"}}", "10100 filtered consumer not unique on workqueue stream" },
    { "CONSUMER.CREATE.W.c4",
      "{\"stream_name\":\"W\",\"config\":{\"ack_policy\":\"explicit\",\"filter_subject\":\"w.d"
      "\"}}", "10100 filtered consumer not unique on workqueue stream" },
    { "CONSUMER.DELETE.W.c1", "", "" },
    { "CONSUMER.DELETE.W.c2", "", "" },
    { "CONSUMER.DELETE.W.c3", "", "10014 consumer not found" },
    { "STREAM.CREATE.I",
      "{\"name\":\"I\",\"subjects\":[\"i.>\"],\"retention\":\"interest\",\"consumer_limits\":{"
      "\"max_ack_pending\":50,\"inactive_threshold\":10000000000}}",
      "{\"name\":\"I\",\"subjects\":[\"i.\\u003e\"],\"retention\":\"interest\",\"max_consumers"
      "\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_ms"
      "g_size\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW
      "\"compression\":\"none\",\"allow_direct\":false,\"mirror_direct\":false,\"sealed\":false,"
      "\"deny_delete\":false,\"deny_purge\":false,\"allow_rollup_hdrs\":false,\"consumer_limits"
      "\":{\"inactive_threshold\":10000000000,\"max_ack_pending\":50},\"allow_msg_ttl\":false,"
      LEVEL_0 "}" },
    { "CONSUMER.CREATE.I.c", "{\"stream_name\":\"I\",\"config\":{}}",
      "{\"name\":\"c\"," POLICIES
      "\"max_waiting\":512,\"max_ack_pending\":50,\"inactive_threshold\":10000000000,\"num_repli"
      "cas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.I.c", "", "" },
    { "CONSUMER.CREATE.I.c", "{\"stream_name\":\"I\",\"config\":{\"ack_policy\":\"explicit\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":30000"
      "000000,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_waiting\":512,\"max_ack_pen"
      "ding\":50,\"inactive_threshold\":10000000000,\"num_replicas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.I.c", "", "" },
    { "CONSUMER.CREATE.I.c",
      "{\"stream_name\":\"I\",\"config\":{\"max_ack_pending\":51,\"ack_policy\":\"explicit\"}}",
      "10121 consumer max ack pending exceeds system limit of 50" },
    { "CONSUMER.CREATE.I.c",
      "{\"stream_name\":\"I\",\"config\":{\"inactive_threshold\":20000000000}}",
      "10153 consumer inactive threshold exceeds system limit of 10s" },
    { "CONSUMER.CREATE.I.c",
      "{\"stream_name\":\"I\",\"config\":{\"ack_policy\":\"explicit\"},\"pedantic\":true}",
      "10157 pedantic mode: max_ack_pending must be set if it's configured in stream limits" },
    { "CONSUMER.CREATE.I.c",
      "{\"stream_name\":\"I\",\"config\":{\"ack_policy\":\"explicit\",\"max_ack_pending\":5},"
      "\"pedantic\":true}",
      "10157 pedantic mode: inactive_threshold must be set if it's configured in stream limits" },
    { "CONSUMER.CREATE.I.c", "{\"stream_name\":\"I\",\"config\":{\"durable_name\":\"c\"}}",
      "{\"durable_name\":\"c\",\"name\":\"c\"," POLICIES
      "\"max_waiting\":512,\"max_ack_pending\":50,\"inactive_threshold\":10000000000,\"num_repli"
      "cas\":0," LEVEL_0 "}" },
    { "CONSUMER.DELETE.I.c", "", "" },
};

static const struct consumer_case limited_cases[] = {
    { "STREAM.CREATE.S", "{\"name\":\"S\",\"subjects\":[\"s.>\"],\"max_consumers\":1}",
      "{\"name\":\"S\",\"subjects\":[\"s.\\u003e\"],\"retention\":\"limits\",\"max_consumers\":1"
      ",\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0,\"max_msgs_per_subject\":-1,\"max_msg_siz"
      "e\":-1,\"discard\":\"old\",\"storage\":\"file\",\"num_replicas\":1," WINDOW PLAIN LEVEL_0
      "}" },
    { "STREAM.CREATE.R", "{\"name\":\"R\",\"subjects\":[\"r.>\"]}",
      "{\"name\":\"R\",\"subjects\":[\"r.\\u003e\"]," LIMITS WINDOW PLAIN LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"explicit\"}}",
      "{\"name\":\"c\",\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"ack_wait\":30000"
      "000000,\"max_deliver\":-1,\"replay_policy\":\"instant\",\"max_waiting\":512,\"max_ack_pen"
      "ding\":50,\"max_batch\":100," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"explicit\",\"max_ack_pending\":81}}",
      "10121 consumer max ack pending exceeds system limit of 80" },
    { "CONSUMER.CREATE.S.c",
      "{\"stream_name\":\"S\",\"config\":{\"ack_policy\":\"explicit\",\"max_ack_pending\":51}}",
      "10121 consumer max ack pending exceeds system limit of 50" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"max_batch\":101}}",
      "10125 consumer max request batch exceeds server limit of 100" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{},\"pedantic\":true}",
      "10157 pedantic mode: max_request_batch must be set if it's JetStream limits are set" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{\"deliver_subject\":\"d\"}}",
      "{\"name\":\"c\"," POLICIES "\"deliver_subject\":\"d\"," FIVE LEVEL_0 "}" },
    { "CONSUMER.DELETE.S.c", "", "" },
    { "CONSUMER.CREATE.S.c", "{\"stream_name\":\"S\",\"config\":{}}",
      "{\"name\":\"c\"," POLICIES "\"max_waiting\":512,\"max_batch\":100," FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.S.c2", "{\"stream_name\":\"S\",\"config\":{}}",
      "10026 maximum consumers limit reached" },
    { "CONSUMER.CREATE.R.c1", "{\"stream_name\":\"R\",\"config\":{}}",
      "{\"name\":\"c1\"," POLICIES "\"max_waiting\":512,\"max_batch\":100," FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.R.c2", "{\"stream_name\":\"R\",\"config\":{}}",
      "{\"name\":\"c2\"," POLICIES "\"max_waiting\":512,\"max_batch\":100," FIVE LEVEL_0 "}" },
    { "CONSUMER.CREATE.R.c3", "{\"stream_name\":\"R\",\"config\":{}}",
      "10026 maximum consumers limit reached" },
};

#undef POLICIES
#undef EXPLICIT
#undef FIVE
#undef LEVEL_0
#undef LEVEL_1
#undef LEVEL_2
#undef LIMITS
#undef WINDOW
#undef PLAIN
#undef MARKS
/* clang-format on */

#endif
