/* SPDX-License-Identifier: Apache-2.0 */
/* Mailbox: what reactors send each other.
 *
 * Two ways in. Records (a message with the targets that want it) travel in batches through one
 * queue per ordered pair of reactors, single producer and single consumer, published once per tick
 * before any byte of that tick is written. Mail (new connections, work that comes home, reports)
 * comes through one many-producer stack.
 *
 * A queue is a chain of batches without an upper bound, so that no reactor ever waits for another:
 * two that wait for each other would deadlock. What bounds it is the receiver's max_pending: posted
 * bytes count against it at once.
 *
 * Thread:  each function says. Memory: a batch belongs to its producer until published, then to the
 *          consumer, who returns it through the same pair.
 * Order:   records of one pair come in the order posted. */
#ifndef MIDGE_NET_MAILBOX_H
#define MIDGE_NET_MAILBOX_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/slice.h"
#include "net/outq.h"

struct reactor;
struct mail;
struct mailbox;

/* One message for several targets on one other reactor. The pointers are valid during
 * on_record(). */
struct record {
    uint32_t kind;       /* the application's */
    uint32_t head_len;   /* the application's split of `bytes` */
    uint32_t header_len; /* NATS headers at the start of the body; 0: none */
    uint32_t flags;      /* the application's */
    uint64_t origin;     /* the application's: who published */
    void *context;       /* the application's: the account */
    struct slice bytes;
    struct blob
        *blob; /* a large body, one reference of the record's; NULL: the body is in `bytes` */
    void *const *targets;
    uint32_t targets_count;
};

struct mailbox *mailbox_new(struct reactor *owner);
struct mailbox *mailbox_free(struct mailbox *); /* returns NULL */

/* Copies the record (taking a reference to its blob) into the batch for `to`; visible there after
 * mailbox_publish().
 * Producer's thread. */
void mailbox_record(struct reactor *from, struct reactor *to, const struct record *);

/* Makes all records of this tick visible and wakes those that sleep. Producer's thread; cheap when
 * there are none. */
void mailbox_publish(struct reactor *from);

/* Hands the records that are visible to on_record(), at most about `max`. Consumer's thread. */
uint32_t mailbox_drain_records(struct reactor *, uint32_t max);
/* Runs the mail that is here. Consumer's thread. */
uint32_t mailbox_drain_mail(struct reactor *);

/* Any thread. */
void mailbox_mail(struct reactor *to, struct mail *);

/* Every reason to stay awake stands here: unread records, unread mail. Consumer's thread. */
bool mailbox_has_work(struct reactor *);
/* Announces that this reactor is about to sleep, then true when it may (nothing arrived
 * meanwhile). All that it posted must be published. */
bool mailbox_may_sleep(struct reactor *);
void mailbox_woke(struct reactor *);

/* How many records each reactor has posted to this one, and how many of those were consumed: for
 * the limbo. */
uint64_t mailbox_posted(struct reactor *to, uint32_t from);
uint64_t mailbox_consumed(struct reactor *to, uint32_t from);

#endif
