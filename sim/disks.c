/* SPDX-License-Identifier: Apache-2.0 */
#include "sim/disks.h"

#include "base/alloc.h"
#include "base/assert.h"
#include "base/map.h"

struct sim_disk {
    struct disk_memory *memory;
    bool is_open;
    nanos stalls_until;
};

/* for (uint32_t at = 0; next(d, &at, &disk);) … */
static bool next(const struct sim_disks *d, uint32_t *at, struct sim_disk **ret_disk)
{
    struct slice directory;
    void *value;
    if (!map_next(d->by_directory, at, &directory, &value)) return false;
    *ret_disk = value;
    return true;
}

static struct sim_disk *find(struct sim_disks *d, const char *directory)
{
    return map_find(d->by_directory, slice_str(directory));
}

static struct sim_disk *make(struct sim_disks *d, const char *directory)
{
    struct sim_disk *disk = xcalloc(1, sizeof *disk);
    disk->memory = disk_memory_new(rng_next(&d->rng));
    (void)map_set(d->by_directory, slice_str(directory), disk);
    return disk;
}

static enum err disks_open(struct disks *base, const char *directory, bool read_only,
                           struct disk **ret_disk, struct errmsg *why)
{
    struct sim_disks *d = container_of(base, struct sim_disks, base);
    struct sim_disk *disk = find(d, directory);
    if (disk == NULL && read_only) return errmsg_set(why, ERR_NOTFOUND, "%s: not there", directory);
    if (disk == NULL) disk = make(d, directory);
    if (disk->is_open) return errmsg_set(why, ERR_CLOSED, "%s: is in use", directory);
    disk->is_open = true;
    disk->memory->is_read_only = read_only;
    disk_memory_start(disk->memory);
    *ret_disk = &disk->memory->base;
    return ERR_OK;
}

static void disks_close(struct disks *base, struct disk *closed)
{
    struct sim_disks *d = container_of(base, struct sim_disks, base);
    struct sim_disk *disk;
    for (uint32_t at = 0; next(d, &at, &disk);) {
        if (&disk->memory->base != closed) continue;
        assert(disk->is_open);
        disk->is_open = false;
        return;
    }
    unreachable();
}

void sim_disks_init(struct sim_disks *d, struct sim_clock *clock, uint64_t seed)
{
    *d = (struct sim_disks){ .base = { disks_open, disks_close }, .clock = clock };
    rng_init(&d->rng, seed);
    d->by_directory = map_new(seed);
    d->stall_max = SECOND;
}

void sim_disks_deinit(struct sim_disks *d)
{
    struct sim_disk *disk;
    for (uint32_t at = 0; next(d, &at, &disk);) {
        assert(!disk->is_open);
        disk->memory = disk_memory_free(disk->memory);
        xfree(disk);
    }
    d->by_directory = map_free(d->by_directory);
}

static bool stalls(struct sim_disks *d, struct sim_disk *disk)
{
    if (d->clock->now < disk->stalls_until) return true;
    if (d->stall_permille == 0 || rng_below(&d->rng, 1000) >= d->stall_permille) return false;
    nanos stall = (nanos)(rng_next(&d->rng) % (uint64_t)(d->stall_max + 1));
    disk->stalls_until = d->clock->now + stall;
    return true;
}

uint32_t sim_disks_step(struct sim_disks *d)
{
    struct sim_disk *disk;
    uint32_t done = 0;
    for (uint32_t at = 0; next(d, &at, &disk);) {
        uint32_t waiting = disk_memory_waiting(disk->memory);
        if (waiting == 0 || stalls(d, disk)) continue;
        for (uint32_t turns = rng_below(&d->rng, waiting + 1); turns > 0; turns--)
            done += disk_memory_step(disk->memory);
    }
    return done;
}

bool sim_disks_idle(const struct sim_disks *d)
{
    struct sim_disk *disk;
    for (uint32_t at = 0; next(d, &at, &disk);)
        if (disk_memory_waiting(disk->memory) > 0) return false;
    return true;
}

struct disk_memory *sim_disks_find(struct sim_disks *d, const char *directory)
{
    struct sim_disk *disk = find(d, directory);
    return disk == NULL ? NULL : disk->memory;
}

static void end_all(struct sim_disks *d, void (*end)(struct disk_memory *))
{
    struct sim_disk *disk;
    for (uint32_t at = 0; next(d, &at, &disk);)
        if (disk->is_open) end(disk->memory);
}

void sim_disks_crash(struct sim_disks *d)
{
    end_all(d, disk_memory_crash);
}

void sim_disks_kill(struct sim_disks *d)
{
    end_all(d, disk_memory_kill);
}
