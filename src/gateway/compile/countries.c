#include "gateway/compile/countries.h"

#include "base/conf.h"

#include <maxminddb.h>

#define IPV4_BITS 32
#define CODES_KEPT \
    1024 /* of the last ones seen: a database has some 300 countries, and a million networks */

struct walk {
    struct rule_loader *loader;
    MMDB_s db;
    uint64_t nodes_left; /* in a sound tree each node is met once */
    struct {
        uint32_t offset;
        char code[2]; /* 0: has none */
        bool known;
    } codes[CODES_KEPT];
    bool damaged, full;
};

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The country of that entry, as two letters; false: it has none. */
static bool read_code(struct walk *w, MMDB_entry_s *entry, char code[2])
{
    MMDB_entry_data_s data;
    int rc = MMDB_get_value(entry, &data, "country", "iso_code", NULL);
    if (rc == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR)
        return false;
    if (rc != MMDB_SUCCESS) {
        w->damaged = true;
        return false;
    }
    if (!data.has_data || data.type != MMDB_DATA_TYPE_UTF8_STRING || data.data_size != 2 ||
        !is_capital(data.utf8_string[0]) || !is_capital(data.utf8_string[1]))
        return false;
    code[0] = data.utf8_string[0];
    code[1] = data.utf8_string[1];
    return true;
}

/* Many networks share an entry. */
static bool code_of(struct walk *w, MMDB_entry_s *entry, char code[2])
{
    size_t at = entry->offset % CODES_KEPT;
    if (!w->codes[at].known || w->codes[at].offset != entry->offset) {
        w->codes[at].known = true;
        w->codes[at].offset = entry->offset;
        w->codes[at].code[0] = 0;
        if (!read_code(w, entry, w->codes[at].code))
            w->codes[at].code[0] = 0;
    }
    code[0] = w->codes[at].code[0];
    code[1] = w->codes[at].code[1];
    return code[0] != 0;
}

/* Where a walk stands: a record of the tree, the network it speaks of. */
struct place {
    uint64_t record;
    MMDB_entry_s entry;
    uint32_t first;
    uint8_t type, bits;
};

static void tell_network(struct walk *w, struct place *p)
{
    char code[2];
    uint32_t last = p->first | (uint32_t)(UINT64_C(0xffffffff) >> p->bits);
    if (code_of(w, &p->entry, code) && rule_add_country(w->loader, p->first, last, code) < 0)
        w->full = true;
}

/* Both halves of the network, the lower one on top. False: the tree is damaged. */
static bool open_node(struct walk *w, const struct place *p, struct place halves[2])
{
    MMDB_search_node_s node;
    if (p->bits == IPV4_BITS || p->record > UINT32_MAX || w->nodes_left == 0 ||
        MMDB_read_node(&w->db, (uint32_t)p->record, &node) != MMDB_SUCCESS)
        return false;
    w->nodes_left--;
    uint8_t bits = (uint8_t)(p->bits + 1);
    halves[0] =
        (struct place){node.right_record, node.right_record_entry,
                       p->first | UINT32_C(1) << (IPV4_BITS - bits), node.right_record_type, bits};
    halves[1] = (struct place){node.left_record, node.left_record_entry, p->first,
                               node.left_record_type, bits};
    return true;
}

/* From the lowest address to the highest. The stack holds one open half of each length of prefix, and the place in hand. */
static void walk_tree(struct walk *w, uint64_t root)
{
    struct place stack[IPV4_BITS + 2] = {{.record = root, .type = MMDB_RECORD_TYPE_SEARCH_NODE}};
    size_t depth = 1;
    while (depth && !w->damaged && !w->full) {
        struct place p = stack[--depth];
        if (p.type == MMDB_RECORD_TYPE_DATA)
            tell_network(w, &p);
        else if (p.type == MMDB_RECORD_TYPE_SEARCH_NODE && open_node(w, &p, &stack[depth]))
            depth += 2;
        else if (p.type != MMDB_RECORD_TYPE_EMPTY)
            w->damaged = true;
    }
}

/* In a database of IPv6 those of IPv4 stand below ::/96; a network wider than that is no node there. */
static int walk_ipv4(struct walk *w, const char *path, struct err *err)
{
    uint64_t root = 0;
    if (w->db.metadata.ip_version == 6) {
        if (w->db.ipv4_start_node.netmask != 96)
            return err_set(err, "%s: it knows no addresses of IPv4", path);
        root = w->db.ipv4_start_node.node_value;
    }
    w->nodes_left = w->db.metadata.node_count;
    if (root < w->db.metadata.node_count)
        walk_tree(w, root);
    if (w->damaged)
        return err_set(err, "%s: the database is damaged", path);
    if (w->full)
        return err_set(err, "%s: more than %d ranges of addresses, or no memory", path,
                       RULE_COUNTRY_RANGES_MAX);
    return 0;
}

int countries_give(void *owner, struct rule_loader *l, struct err *err)
{
    const char *path = conf_text(owner, "geoip-database", NULL);
    if (!path || !*path)
        return err_set(err, "there is no table of addresses and countries (geoip-database)");
    struct walk w = {.loader = l};
    int rc = MMDB_open(path, MMDB_MODE_MMAP, &w.db);
    if (rc == MMDB_OUT_OF_MEMORY_ERROR)
        return err_set(err, "%s: no memory", path);
    if (rc == MMDB_FILE_OPEN_ERROR)
        return err_errno(err, "geoip-database: %s", path);
    if (rc != MMDB_SUCCESS)
        return err_set(err, "%s: not a MaxMind database, or damaged", path);
    rc = walk_ipv4(&w, path, err);
    MMDB_close(&w.db);
    return rc;
}
