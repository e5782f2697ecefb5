/* SPDX-License-Identifier: Apache-2.0 */
/* What the server process has used, read from /proc, and its disk from /sys.
 *
 * Two clocks: `sched_ns` sums the scheduler's nanoseconds over the living threads, `tick_ns` is
 * user plus system time of the process, in ticks of 10 ms. They agree but for short runs.
 *
 * Thread:  any.
 * Errors:  a server that is gone ends the benchmark. With pid 0 every figure is 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct server_cpu {
    uint64_t sched_ns;
    uint64_t tick_ns;
};

/* Both wait until the server is idle, at most 5 s: what a server still does for the run before is
 * not on the bill, and what it puts off (garbage collection, clean-up of connections) is. */
struct server_cpu server_cpu_begin(int pid);
struct server_cpu server_cpu_since(int pid, struct server_cpu start);

/* What the disk of `folder` was given, whoever gave it: on a quiet machine, the server. Bytes until
 * all that was written is on it; flushes until the end of the run, the server's syncs. A process's
 * own count would not do: it has a page as often as it is written anew, and large folios whole. */
struct server_io {
    uint64_t written_bytes;
    uint64_t flushes;
    bool     is_known;          /* false: the folder's disk does not say */
};

struct server_io server_io_begin(int pid, const char *folder);
struct server_io server_io_since(int pid, const char *folder, struct server_io start);

uint64_t server_rss_bytes(int pid);
