/* pcap: frames out of a capture file.
 *
 * Reads pcap (both byte orders, micro- and nanoseconds) and pcapng (all byte orders; section, interface, enhanced, simple and
 * obsolete packet blocks, if_tsresol, if_tsoffset). The file is mapped; frames are borrowed from the mapping, whose pages
 * are given back behind the reader.
 *
 * The file is hostile: every length is checked against what is there; a damaged tail ends reading with `damaged` set, and the
 * frames before it have been handed out. Nothing is allocated but a fixed table of PCAP_INTERFACES_MAX interfaces.
 */
#ifndef GATEWAY_PCAP_PCAP_H
#define GATEWAY_PCAP_PCAP_H

#include "base/err.h"
#include "base/str.h"

#define PCAP_INTERFACES_MAX 64
#define PCAP_FRAME_MAX (4u << 20) /* a longer frame is damage, not data */

struct pcap_interface {
    uint32_t link;
    uint64_t units_per_second; /* of its time stamps */
    int64_t offset_s;
};

struct pcap_file {
    struct str bytes; /* all of the file */
    bool mapped;      /* by pcap_open */
    size_t at;
    size_t released_bytes; /* of the mapping, from its begin: given back */
    size_t
        queued_bytes; /* the caller may still be reading so far behind: these pages are given back later */
    bool next_gen, swapped, nanoseconds, damaged;
    uint32_t interface_count;
    struct pcap_interface interfaces[PCAP_INTERFACES_MAX];
    int64_t last_us; /* simple packet blocks carry no time */
    uint64_t frames;
};

struct pcap_frame {
    struct str bytes;
    int64_t time_us;
    uint32_t link;
};

/* -1: cannot be read, or is no capture at all. */
NODISCARD int pcap_open(struct pcap_file *f, const char *path, struct err *err);
/* The same over bytes of the caller's. */
NODISCARD int pcap_open_bytes(struct pcap_file *f, struct str bytes, struct err *err);
void pcap_close(struct pcap_file *f);
/* False: the end, or damage (f->damaged). */
bool pcap_next(struct pcap_file *f, struct pcap_frame *out);

#endif
