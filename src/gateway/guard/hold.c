#include "gateway/guard/hold.h"

#include "base/buf.h"
#include "gateway/guard/netlink.h"
#include "gateway/guard/program.h"

#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#define TABLE "otasuke"
#define TABLE_BYTES_MAX (256u * 1024)
/* Frames to 01-80-C2-00-00-0x that a bridge may pass: 802.1X, LLDP ... Not spanning tree, pause and bonding: the kernel
 * keeps these three to itself. */
#define GROUPS_PASSED "65528"

_Static_assert(HOLD_RENEW_MS *(HOLD_SETS - 1) < HOLD_MS + HOLD_RENEW_MS,
               "a set is empty before its next turn");
_Static_assert(HOLD_RENEW_MS *HOLD_SETS > HOLD_MS, "a set is empty before its next turn");

static const char *const held_sets[HOLD_SETS] = {"held0", "held1", "held2", "held3"};

/* -200 is the bridge family's own place for filters. At 0 sits br_netfilter, which takes packets aside: a chain there is
 * passed over or not, as it happens to have been registered.
 *
 * The table made anew in one step; holding begins empty. The order of the rules: a machine that is cut off stays cut off
 * whatever else holds. */
static const char table_head[] = "table bridge " TABLE "\n"
                                 "delete table bridge " TABLE "\n"
                                 "table bridge " TABLE " {\n"
                                 "  set held0 { type ifname; flags timeout; }\n"
                                 "  set held1 { type ifname; flags timeout; }\n"
                                 "  set held2 { type ifname; flags timeout; }\n"
                                 "  set held3 { type ifname; flags timeout; }\n";
static const char table_chain[] = "  chain forward {\n"
                                  "    type filter hook forward priority -200; policy accept;\n"
                                  "    ether saddr @isolated counter drop\n"
                                  "    ether daddr @isolated counter drop\n"
                                  "    iifname @closed drop\n"
                                  "    iifname @held0 drop\n"
                                  "    iifname @held1 drop\n"
                                  "    iifname @held2 drop\n"
                                  "    iifname @held3 drop\n"
                                  "  }\n"
                                  "}\n";

static void write_cuts(struct buf *b, const struct hold_plan *plan)
{
    buf_add_c(b, "  set isolated { type ether_addr; flags timeout;");
    for (size_t i = 0; i < plan->cut_count; i++) {
        char mac[MAC_TEXT_BYTES];
        mac_format(&plan->cuts[i].mac, mac);
        buf_printf(b, "%s%s", i ? ", " : " elements = { ", mac);
        if (plan->cuts[i].seconds)
            buf_printf(b, " timeout %llus", (unsigned long long)plan->cuts[i].seconds);
    }
    buf_add_c(b, plan->cut_count ? " }; }\n" : " }\n");
}

static int make_table(const struct hold *h, const struct hold_plan *plan, struct err *err)
{
    const char *const nft[] = {"nft", "-f", "-", NULL};
    struct buf b;
    buf_init(&b, TABLE_BYTES_MAX);
    buf_add_c(&b, table_head);
    write_cuts(&b, plan);
    buf_add_c(&b, "  set closed { type ifname;");
    if (plan->fail_closed)
        buf_printf(&b, " elements = { \"%s\", \"%s\" };", h->lan, h->wan);
    buf_add_c(&b, " }\n");
    buf_add_c(&b, table_chain);
    const char *text = buf_c(&b);
    int rc = b.failed ? err_set(err, "out of memory for the table of the bridge")
                      : program_run(nft, text, err);
    buf_fini(&b);
    return rc;
}

static int run_ip(struct err *err, const char *a, const char *b, const char *c, const char *d)
{
    const char *const argv[] = {"ip", "link", a, b, c, d, NULL};
    return program_run(argv, NULL, err);
}

static void write_setting(const char *path, const char *value)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return; /* not in this kernel: nothing to switch off */
    fputs(value, f);
    fclose(f);
}

/* The box itself does not speak on these ports: no address, no neighbour discovery. */
static void silence(const char *interface)
{
    char path[128];
    snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", interface);
    write_setting(path, "1");
}

/* iptables rules of the box (a container engine's "FORWARD drop") must not stop the fail-open way. */
static void keep_iptables_out(void)
{
    write_setting("/proc/sys/net/bridge/bridge-nf-call-iptables", "0");
    write_setting("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0");
    write_setting("/proc/sys/net/bridge/bridge-nf-call-arptables", "0");
}

static int make_bridge(const struct hold *h, struct err *err)
{
    if (if_nametoindex(h->bridge))
        return 0;
    const char *const argv[] = {"ip",      "link",           "add",         "name",
                                h->bridge, "type",           "bridge",      "stp_state",
                                "0",       "forward_delay",  "0",           "mcast_snooping",
                                "0",       "group_fwd_mask", GROUPS_PASSED, NULL};
    return program_run(argv, NULL, err);
}

static int join(const struct hold *h, const char *port, struct err *err)
{
    silence(port);
    if (run_ip(err, "set", port, "master", h->bridge) < 0)
        return -1;
    const char *const up[] = {"ip", "link", "set", port, "up", NULL};
    return program_run(up, NULL, err);
}

static int set_up(struct hold *h, const struct hold_plan *plan, struct err *err)
{
    const char *const up[] = {"ip", "link", "set", h->bridge, "up", NULL};
    if (!if_nametoindex(h->lan))
        return err_set(err, "there is no interface %s (see: ip link)", h->lan);
    if (!if_nametoindex(h->wan))
        return err_set(err, "there is no interface %s (see: ip link)", h->wan);
    if (make_table(h, plan, err) < 0 || make_bridge(h, err) < 0)
        return -1;
    silence(h->bridge);
    keep_iptables_out();
    if (join(h, h->lan, err) < 0 || join(h, h->wan, err) < 0)
        return -1;
    return program_run(up, NULL, err);
}

static struct str name_key(char key[HOLD_NAME_BYTES], const char *name)
{
    memset(key, 0, HOLD_NAME_BYTES);
    memcpy(key, name, strnlen(name, HOLD_NAME_BYTES - 1));
    return str_of(key, HOLD_NAME_BYTES);
}

static int add_both(struct hold *h, const char *set, uint64_t timeout_ms, struct err *err)
{
    char lan[HOLD_NAME_BYTES], wan[HOLD_NAME_BYTES];
    struct netlink_element elements[] = {
        {TABLE, set, name_key(lan, h->lan), timeout_ms},
        {TABLE, set, name_key(wan, h->wan), timeout_ms},
    };
    return netlink_add(h->fd, &h->sequence, elements, 2, err);
}

static int remove_both(struct hold *h, const char *set, struct err *err)
{
    char key[HOLD_NAME_BYTES];
    struct netlink_element lan = {TABLE, set, name_key(key, h->lan), 0};
    if (netlink_remove(h->fd, &h->sequence, &lan, err) < 0)
        return -1;
    struct netlink_element wan = {TABLE, set, name_key(key, h->wan), 0};
    return netlink_remove(h->fd, &h->sequence, &wan, err);
}

/* Names stand in nft's text: what has a meaning there is refused. */
static int take_name(char to[HOLD_NAME_BYTES], const char *name, struct err *err)
{
    if (strlen(name) >= HOLD_NAME_BYTES || !name[0])
        return err_set(err, "%s: an interface name has 1 to %d characters", name,
                       HOLD_NAME_BYTES - 1);
    for (const char *p = name; *p; p++)
        if ((uint8_t)*p <= ' ' || (uint8_t)*p > '~' || strchr("\"\\*/", *p))
            return err_set(err, "%s: an interface name with such a character is not served", name);
    strcpy(to, name);
    return 0;
}

int hold_open(struct hold *h, const struct hold_plan *plan, struct err *err)
{
    *h = (struct hold){.fd = -1, .fail_closed = plan->fail_closed};
    if (take_name(h->bridge, plan->bridge, err) < 0 || take_name(h->lan, plan->lan, err) < 0 ||
        take_name(h->wan, plan->wan, err) < 0)
        return -1;
    if (strcmp(h->lan, h->wan) == 0)
        return err_set(err, "--lan and --wan name the same interface, %s", h->lan);
    if (set_up(h, plan, err) < 0)
        return -1;
    h->fd = netlink_open(err);
    return h->fd < 0 ? -1 : 0;
}

void hold_close(struct hold *h)
{
    if (h->fd >= 0)
        close(h->fd);
    h->fd = -1;
}

int hold_renew(struct hold *h, struct err *err)
{
    const char *set = held_sets[h->turn++ % HOLD_SETS];
    if (add_both(h, set, HOLD_MS, err) < 0)
        return -1;
    h->held = true;
    return 0;
}

int hold_let_go(struct hold *h, struct err *err)
{
    int rc = 0;
    for (size_t i = 0; i < HOLD_SETS; i++)
        if (remove_both(h, held_sets[i], err) < 0)
            rc = -1;
    h->held = false;
    return rc;
}

int hold_isolate(struct hold *h, const struct hold_cut *cut, struct err *err)
{
    struct netlink_element e = {TABLE, "isolated", str_of(cut->mac.bytes, sizeof(cut->mac.bytes)),
                                cut->seconds * 1000};
    return netlink_replace(h->fd, &h->sequence, &e, err);
}

int hold_release(struct hold *h, const struct mac *mac, struct err *err)
{
    struct netlink_element e = {TABLE, "isolated", str_of(mac->bytes, sizeof(mac->bytes)), 0};
    return netlink_remove(h->fd, &h->sequence, &e, err);
}

void hold_remove(struct hold *h)
{
    const char *const nft[] = {"nft", "delete", "table", "bridge", TABLE, NULL};
    const char *const del[] = {"ip", "link", "del", h->bridge, NULL};
    struct err err;
    (void)!program_run(nft, NULL, &err);
    (void)!program_run(del, NULL, &err);
}
