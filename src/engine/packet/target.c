#include "engine/packet/packet.h"

enum target_os packet_target(const struct packet_targets *targets, const struct ip *ip)
{
    enum target_os os = TARGET_BSD;
    int longest = -1;
    for (uint32_t i = 0; i < targets->count; i++) {
        const struct packet_target_row *row = &targets->rows[i];
        if (row->net.bits > longest && ip_net_has(&row->net, ip)) {
            longest = row->net.bits;
            os = (enum target_os)row->os;
        }
    }
    return os;
}

bool packet_target_add(struct packet_targets *targets, const char *os, struct str net)
{
    /* flat table: the names that suricata.yaml's host-os-policy has */
    static const char *const names[TARGETS] = {
        [TARGET_BSD] = "bsd",
        [TARGET_BSD_RIGHT] = "bsd-right",
        [TARGET_OLD_LINUX] = "old-linux",
        [TARGET_LINUX] = "linux",
        [TARGET_OLD_SOLARIS] = "old-solaris",
        [TARGET_SOLARIS] = "solaris",
        [TARGET_HPUX10] = "hpux10",
        [TARGET_HPUX11] = "hpux11",
        [TARGET_IRIX] = "irix",
        [TARGET_MACOS] = "macos",
        [TARGET_VISTA] = "vista",
        [TARGET_WINDOWS] = "windows",
        [TARGET_WINDOWS2K3] = "windows2k3",
    };
    struct packet_target_row *row = &targets->rows[targets->count];
    if (targets->count == PACKET_TARGETS_MAX || !ip_net_parse(str_trim(net), &row->net))
        return false;
    for (uint8_t i = 0; i < TARGETS; i++)
        if (str_eq_nocase(str_c(os), str_c(names[i]))) {
            row->os = i;
            targets->count++;
            return true;
        }
    return false;
}
