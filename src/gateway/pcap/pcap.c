#include "gateway/pcap/pcap.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What has been read is given back to the kernel in steps of this size, so that a large capture does not fill memory. */
#define RELEASE_BYTES ((size_t)1 << 20)

/* So far ahead the bytes of a capture are brought near the processor, one of its cache's lines at a time. */
#define NEAR_BYTES 6144
#define LINE_BYTES 64

#define MAGIC_MICRO 0xa1b2c3d4u
#define MAGIC_NANO 0xa1b23c4du
#define MAGIC_SECTION 0x0a0d0d0au
#define MAGIC_BYTE_ORDER 0x1a2b3c4du

#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 2u
#define BLOCK_SIMPLE 3u
#define BLOCK_ENHANCED 6u

#define OPTION_TSRESOL 9
#define OPTION_TSOFFSET 14

static uint32_t load32(const uint8_t *p, bool swapped)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return swapped ? __builtin_bswap32(v) : v;
}

static uint16_t load16(const uint8_t *p, bool swapped)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return swapped ? __builtin_bswap16(v) : v;
}

static size_t left(const struct pcap_file *f)
{
    return f->bytes.len - f->at;
}

/* ---- classic ---- */

static int open_classic(struct pcap_file *f, uint32_t magic, struct err *err)
{
    f->swapped = magic == __builtin_bswap32(MAGIC_MICRO) || magic == __builtin_bswap32(MAGIC_NANO);
    uint32_t order = f->swapped ? __builtin_bswap32(magic) : magic;
    if (order != MAGIC_MICRO && order != MAGIC_NANO)
        return err_set(err, "not a capture file (pcap or pcapng)");
    if (f->bytes.len < 24)
        return err_set(err, "the capture file ends inside its header");
    f->nanoseconds = order == MAGIC_NANO;
    /* The upper bits of the link type tell of a frame check sequence. */
    f->interfaces[0].link = load32(f->bytes.p + 20, f->swapped) & 0x03ffffff;
    f->interface_count = 1;
    f->at = 24;
    return 0;
}

static bool next_classic(struct pcap_file *f, struct pcap_frame *out)
{
    if (left(f) < 16) {
        f->damaged = left(f) > 0;
        return false;
    }
    const uint8_t *head = f->bytes.p + f->at;
    uint32_t seconds = load32(head, f->swapped), fraction = load32(head + 4, f->swapped);
    uint32_t kept = load32(head + 8, f->swapped);
    if (kept > PCAP_FRAME_MAX || kept > left(f) - 16) {
        f->damaged = true;
        return false;
    }
    out->bytes = str_of(head + 16, kept);
    out->time_us = (int64_t)seconds * 1000000 + (f->nanoseconds ? fraction / 1000 : fraction);
    out->link = f->interfaces[0].link;
    f->at += 16 + (size_t)kept;
    return true;
}

/* ---- pcapng ---- */

static int64_t ng_time(const struct pcap_interface *in, uint64_t stamp)
{
    uint64_t units = in->units_per_second;
    uint64_t seconds = stamp / units, rest = stamp % units;
    uint64_t micro = units >= 1000000 ? rest / (units / 1000000) : rest * 1000000 / units;
    int64_t whole;
    if (__builtin_add_overflow((int64_t)(seconds & (UINT64_MAX >> 24)), in->offset_s, &whole) ||
        whole < -4000000000000 || whole > 4000000000000)
        return 0;
    return whole * 1000000 + (int64_t)micro;
}

static uint64_t tsresol_units(uint8_t value)
{
    uint64_t units = 1;
    uint8_t exponent = value & 0x7f;
    if (value & 0x80)
        return exponent < 63 ? UINT64_C(1) << exponent : 1000000;
    if (exponent > 18)
        return 1000000;
    while (exponent--)
        units *= 10;
    return units;
}

static void read_interface_options(struct pcap_file *f, struct str options,
                                   struct pcap_interface *in)
{
    size_t at = 0;
    while (options.len - at >= 4) {
        uint16_t code = load16(options.p + at, f->swapped);
        uint16_t len = load16(options.p + at + 2, f->swapped);
        at += 4;
        if (code == 0 || len > options.len - at)
            return;
        if (code == OPTION_TSRESOL && len == 1)
            in->units_per_second = tsresol_units(options.p[at]);
        if (code == OPTION_TSOFFSET && len == 8) {
            uint32_t low = load32(options.p + at + (f->swapped ? 4 : 0), f->swapped);
            uint32_t high = load32(options.p + at + (f->swapped ? 0 : 4), f->swapped);
            in->offset_s = (int64_t)((uint64_t)high << 32 | low);
        }
        size_t padded = ((size_t)len + 3) & ~(size_t)3;
        if (padded > options.len - at)
            return;
        at += padded;
    }
}

static void read_interface(struct pcap_file *f, struct str body)
{
    if (body.len < 8 || f->interface_count == PCAP_INTERFACES_MAX)
        return;
    struct pcap_interface *in = &f->interfaces[f->interface_count++];
    *in = (struct pcap_interface){load16(body.p, f->swapped), 1000000, 0};
    read_interface_options(f, str_from(body, 8), in);
}

/* Enhanced and obsolete packet blocks differ in how they name the interface only. */
static bool read_packet(struct pcap_file *f, struct str body, bool obsolete, struct pcap_frame *out)
{
    if (body.len < 20)
        return false;
    uint32_t interface = obsolete ? load16(body.p, f->swapped) : load32(body.p, f->swapped);
    uint64_t stamp =
        (uint64_t)load32(body.p + 4, f->swapped) << 32 | load32(body.p + 8, f->swapped);
    uint32_t kept = load32(body.p + 12, f->swapped);
    if (interface >= f->interface_count || kept > body.len - 20 || kept > PCAP_FRAME_MAX)
        return false;
    out->bytes = str_of(body.p + 20, kept);
    out->time_us = f->last_us = ng_time(&f->interfaces[interface], stamp);
    out->link = f->interfaces[interface].link;
    return true;
}

static bool read_simple(struct pcap_file *f, struct str body, struct pcap_frame *out)
{
    if (body.len < 4 || f->interface_count == 0)
        return false;
    uint32_t length = load32(body.p, f->swapped);
    out->bytes = str_cut(body, 4, 4 + (size_t)length);
    out->time_us = f->last_us;
    out->link = f->interfaces[0].link;
    return true;
}

/* A section may have another byte order than the one before; its interfaces count anew. */
static bool read_section(struct pcap_file *f)
{
    if (left(f) < 12)
        return false;
    uint32_t order = load32(f->bytes.p + f->at + 8, false);
    if (order != MAGIC_BYTE_ORDER && order != __builtin_bswap32(MAGIC_BYTE_ORDER))
        return false;
    f->swapped = order != MAGIC_BYTE_ORDER;
    f->interface_count = 0;
    return true;
}

static bool read_block(struct pcap_file *f, uint32_t type, struct str body, struct pcap_frame *out)
{
    switch (type) {
    case BLOCK_INTERFACE: read_interface(f, body); return false;
    case BLOCK_PACKET: return read_packet(f, body, true, out);
    case BLOCK_SIMPLE: return read_simple(f, body, out);
    case BLOCK_ENHANCED: return read_packet(f, body, false, out);
    default: return false;
    }
}

static bool next_ng(struct pcap_file *f, struct pcap_frame *out)
{
    while (left(f) >= 12) {
        const uint8_t *head = f->bytes.p + f->at;
        if (load32(head, false) == MAGIC_SECTION && !read_section(f))
            break;
        uint32_t type = load32(head, f->swapped), total = load32(head + 4, f->swapped);
        if (total < 12 || total % 4 || total > left(f))
            break;
        struct str body = str_of(head + 8, total - 12);
        f->at += total;
        if (read_block(f, type, body, out))
            return true;
    }
    f->damaged = left(f) > 0;
    return false;
}

/* ---- door ---- */

int pcap_open_bytes(struct pcap_file *f, struct str bytes, struct err *err)
{
    *f = (struct pcap_file){.bytes = bytes};
    if (bytes.len < 4)
        return err_set(err, "not a capture file: only %zu bytes long", bytes.len);
    uint32_t magic = load32(bytes.p, false);
    if (magic != MAGIC_SECTION)
        return open_classic(f, magic, err);
    if (!read_section(f))
        return err_set(err, "the pcapng file's first block is damaged");
    f->next_gen = true;
    return 0;
}

int pcap_open(struct pcap_file *f, const char *path, struct err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(err, "%s", path);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(err, "%s: not a regular file", path);
    }
    if (st.st_size == 0) {
        close(fd);
        return err_set(err, "%s: the file is empty", path);
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (map == MAP_FAILED)
        return err_errno(err, "%s: mapping it", path);
    madvise(map, (size_t)st.st_size, MADV_SEQUENTIAL);
    if (pcap_open_bytes(f, str_of(map, (size_t)st.st_size), err) < 0) {
        munmap(map, (size_t)st.st_size);
        return err_prefix(err, "%s", path);
    }
    f->mapped = true;
    return 0;
}

void pcap_close(struct pcap_file *f)
{
    if (f->mapped)
        munmap((void *)(uintptr_t)f->bytes.p, f->bytes.len);
    f->mapped = false;
}

/* A frame that is still in a queue stays good: its page is read from the file again when it is touched. */
static void release_read_pages(struct pcap_file *f)
{
    if (!f->mapped || f->at - f->released_bytes < 2 * RELEASE_BYTES + f->queued_bytes)
        return;
    madvise((void *)(uintptr_t)(f->bytes.p + f->released_bytes), RELEASE_BYTES, MADV_DONTNEED);
    f->released_bytes += RELEASE_BYTES;
}

/* The processor follows bytes that are read in order only to the end of a page, and a frame's are first read when rules look at
 * them: it is told early what comes a few frames later. */
static void bring_near(const struct pcap_file *f, size_t from)
{
    for (size_t at = from + NEAR_BYTES; at < f->at + NEAR_BYTES && at < f->bytes.len;
         at += LINE_BYTES)
        __builtin_prefetch(f->bytes.p + at, 0, 2);
}

bool pcap_next(struct pcap_file *f, struct pcap_frame *out)
{
    size_t from = f->at;
    bool got = f->next_gen ? next_ng(f, out) : next_classic(f, out);
    bring_near(f, from);
    f->frames += got;
    release_read_pages(f);
    return got;
}
