/* SPDX-License-Identifier: Apache-2.0 */
#include "natsbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natsbench_text.h"

static const struct {
    const char *name;
    void (*run)(const struct options *);
    const char *help;
} modes[] = {
    { "pub", mode_flow, "publishers only, nobody listens" },
    { "fan", mode_flow, "every subscriber gets every message" },
    { "queue", mode_flow, "the subscribers are one queue group" },
    { "req", mode_request, "-c requesters with -w in flight each, one responder" },
    { "idle", mode_idle, "open -c connections and hold them: bytes and CPU per connection" },
    { "connect", mode_idle, "open and close -c connections, one after the other" },
    { "subs", mode_subs, "-n distinct subscriptions: bytes and CPU per subscription" },
    { "lone", mode_lone, "one request at a time beside a flooding fan" },
    { "churn", mode_churn, "-r SUB and UNSUB a second beside a fan" },
    { "dead", mode_dead, "what a fan loses in -T seconds from a dead subscriber's SUB, -d times" },
    { "slowloris", mode_slowloris, "a requester beside -c silent and -s slowly writing strangers" },
    { "handshakes", mode_handshakes, "a requester beside bursts of -n TLS handshakes, -c at once" },
    { "cert", mode_cert, "write an RSA-2048 cert.pem and key.pem to the folder -o" },
    { "jspub", mode_jspub, "stored publishes, -c publishers with -w in flight each" },
    { "jsfill", mode_jsfill, "-n stored messages that stay there" },
    { "jscold", mode_jscold, "jspub into one of -k streams, -r messages a second into the others" },
    { "jsconsume", mode_jsconsume,
      "what jsfill left, in pulls of -B (-w of them at once) or pushed" },
    { "jskv", mode_jskv, "a bucket of -f keys: -x put, get, cas, watch, keys or history" },
    { "jspurge", mode_jspurge,
      "-n messages purged: whole, by subject, by sequence, with the stream" },
    { "jsdelete", mode_jsdelete, "every second of -n messages that jsfill left" },
};

static const char options_help[] =
    "  -p port             4222             -P server's pid    for CPU and memory\n"
    "  -n messages         1000000          -T seconds         instead of -n\n"
    "  -b payload bytes    128              -S subject         load.test\n"
    "  -c publishers       1                -s subscribers     1\n"
    "  -w window           100              -d subscribers more that never read\n"
    "  -r rate             operations a second; for requests: open pace\n"
    "  -u user:password    -t tcp|tls|ws    transport          -o folder\n"
    "  -R                  the server is natsrelay\n"
    "of the js modes:\n"
    "  -k streams          1                -m                 memory instead of file storage\n"
    "  -f subjects a stream, or keys 1      -H messages a subject that are kept: all\n"
    "  -B pulled at once   0: push          -a                 acknowledge what is consumed\n"
    "  -F                  consume one of the subjects\n"
    "  -K                  jspub, jscold: use the streams that are there, and keep them\n"
    "  -x operation        of jskv\n"
    "  -o folder           on the store's disk\n";

static int usage(void)
{
    (void)fputs("usage: natsbench MODE [options]; prints one line of JSON\n", stderr);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        (void)fprintf(stderr, "  %-12s %s\n", modes[i].name, modes[i].help);
    (void)fputs(options_help, stderr);
    return 2;
}

static void read_user(struct options *o, char *text)
{
    char *colon = strchr(text, ':');
    if (colon == NULL) exit(usage());
    *colon = '\0';
    o->user = text;
    o->password = colon + 1;
}

static enum transport read_transport(const char *text)
{
    if (strcmp(text, "tcp") == 0) return TRANSPORT_TCP;
    if (strcmp(text, "tls") == 0) return TRANSPORT_TLS;
    if (strcmp(text, "ws") == 0) return TRANSPORT_WS;
    exit(usage());
}

static uint32_t number(const char *text)
{
    return (uint32_t)text_number(text);
}

static void read_js_option(struct options *o, int letter, char *text)
{
    switch (letter) {
    case 'k': o->streams = number(text); break;
    case 'f': o->subjects = text_number(text); break;
    case 'H': o->history = number(text); break;
    case 'B': o->batch = number(text); break;
    case 'x': o->operation = text; break;
    case 'm': o->is_memory = true; break;
    case 'a': o->is_acked = true; break;
    case 'F': o->is_filtered = true; break;
    case 'K': o->is_kept = true; break;
    default: exit(usage());
    }
}

static void read_option(struct options *o, int letter, char *text)
{
    switch (letter) {
    case 'p': o->port = (uint16_t)number(text); break;
    case 'P': o->server_pid = (int)number(text); break;
    case 'n': o->msgs = text_number(text); break;
    case 'b': o->payload_len = number(text); break;
    case 'c': o->pubs = number(text); break;
    case 's': o->subs = number(text); break;
    case 'd': o->dead_subs = number(text); break;
    case 'w': o->window = number(text); break;
    case 'r': o->rate = number(text); break;
    case 'T': o->seconds = strtod(text, NULL); break;
    case 'S': o->subject = text; break;
    case 'u': read_user(o, text); break;
    case 't': o->transport = read_transport(text); break;
    case 'o': o->folder = text; break;
    case 'R': o->is_raw = true; break;
    default: read_js_option(o, letter, text); break;
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) return usage();
    struct options o = {
        .mode = argv[1],
        .subject = "load.test",
        .folder = ".",
        .port = 4222,
        .msgs = 1000000,
        .payload_len = 128,
        .pubs = 1,
        .subs = 1,
        .window = 100,
        .operation = "put",
        .streams = 1,
        .subjects = 1,
    };
    static const char letters[] = "p:P:n:b:c:s:d:w:r:T:S:u:t:o:Rk:f:H:B:x:maFK";
    for (int letter; (letter = getopt(argc - 1, argv + 1, letters)) != -1;)
        read_option(&o, letter, optarg);
    if (o.pubs == 0 || o.window == 0 || o.streams == 0 || o.subjects == 0) return usage();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (strcmp(modes[i].name, o.mode) != 0) continue;
        modes[i].run(&o);
        return 0;
    }
    return usage();
}
