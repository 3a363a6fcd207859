/* rows: A2 R-β */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/dice.h"
#include "base/file.h"
#include "gateway/devices/names.h"

static void add_option(struct buf *b, uint8_t code, const char *text)
{
    buf_add_byte(b, code);
    buf_add_byte(b, (uint8_t)strlen(text));
    buf_add_c(b, text);
}

static void begin_dhcp(struct buf *b)
{
    static const uint8_t zero[192];
    buf_init(b, 0);
    buf_add(b, STR_LIT("\x01\x01\x06\x00"));
    buf_add(b, str_of(zero, 24));
    buf_add(b, STR_LIT("\x02\x00\x5e\x00\x53\x01"));
    buf_add(b, str_of(zero, 10));
    buf_add(b, str_of(zero, 192));
    buf_add_u32(b, 0x63825363);
}

static void dhcp_names(void **state)
{
    struct buf b;
    struct names names;
    begin_dhcp(&b);
    add_option(&b, 60, "MSFT 5.0");
    add_option(&b, 12, "KEIRI-02");
    buf_add_byte(&b, 255);
    assert_true(names_of_dhcp(buf_str(&b), &names));
    assert_string_equal(names.hostname, "KEIRI-02");
    assert_string_equal(names.vendor_class, "MSFT 5.0");
    assert_int_equal(names.mac.bytes[5], 0x01);
    /* Cut anywhere: never more than what is there, never a crash. */
    for (size_t len = 0; len < b.len; len++) {
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, b.p, len);
        names_of_dhcp(str_of(copy, len), &names);
        free(copy);
    }
    buf_fini(&b);
}

static void dhcp_refuses_control_characters_and_answers(void **state)
{
    struct buf b;
    struct names names;
    begin_dhcp(&b);
    add_option(&b, 12, "a\nb");
    assert_false(names_of_dhcp(buf_str(&b), &names));
    b.p[0] = 2;
    assert_false(names_of_dhcp(buf_str(&b), &names));
    buf_fini(&b);
}

static void dhcp_fqdn_gives_its_first_label(void **state)
{
    struct buf b;
    struct names names;
    begin_dhcp(&b);
    add_option(&b, 81,
               "\x01\xff\xff"
               "eigyo-01.example.jp");
    assert_true(names_of_dhcp(buf_str(&b), &names));
    assert_string_equal(names.hostname, "eigyo-01");
    buf_fini(&b);
}

#define MDNS_HEAD "\0\0\x84\0\0\0\0\1\0\0\0\0"

static void mdns_names(void **state)
{
    static const struct {
        const char *name;
        struct str payload;
        const char *want; /* NULL: none */
    } rows[] = {
        {"address record",
         STR_LIT(MDNS_HEAD "\7iPad-03\5local\0\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\5"), "iPad-03"},
        {"a question", STR_LIT("\0\0\0\0\0\1\0\0\0\0\0\0\7iPad-03\5local\0\0\1\0\1"), NULL},
        {"not .local", STR_LIT(MDNS_HEAD "\3www\2jp\0\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\5"), NULL},
        {"pointer to itself", STR_LIT(MDNS_HEAD "\xc0\x0c\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\5"),
         NULL},
        {"pointer forwards", STR_LIT(MDNS_HEAD "\xc0\x20\0\1\x80\1\0\0\0\x78\0\4\x0a\0\0\5"), NULL},
        {"cut", STR_LIT(MDNS_HEAD "\7iPad"), NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct names names;
        print_message("# %s\n", rows[i].name);
        assert_int_equal(names_of_mdns(rows[i].payload, &names), rows[i].want != NULL);
        if (rows[i].want)
            assert_string_equal(names.hostname, rows[i].want);
    }
}

static struct str netbios_message(struct buf *b, const char *name, uint8_t suffix, uint16_t flags)
{
    buf_init(b, 0);
    buf_add(b, STR_LIT("\x12\x34\x29\x10\0\1\0\0\0\0\0\1\x20"));
    for (size_t i = 0; i < 16; i++) {
        uint8_t c = i == 15 ? suffix : i < strlen(name) ? (uint8_t)name[i] : ' ';
        buf_add_byte(b, (uint8_t)('A' + (c >> 4)));
        buf_add_byte(b, (uint8_t)('A' + (c & 15)));
    }
    buf_add(b, STR_LIT("\0\0\x20\0\1\xc0\x0c\0\x20\0\1\0\4\x93\xe0\0\6"));
    buf_add_u16(b, flags);
    buf_add(b, STR_LIT("\xc0\xa8\1\5"));
    return buf_str(b);
}

static void netbios_names(void **state)
{
    struct buf b;
    struct names names;
    assert_true(names_of_netbios(netbios_message(&b, "SHADOW-PC", 0x00, 0x0000), &names));
    assert_string_equal(names.hostname, "SHADOW-PC");
    for (size_t len = 0; len + 5 < b.len; len++)
        assert_false(names_of_netbios(str_of(b.p, len), &names));
    buf_fini(&b);
    assert_false(names_of_netbios(netbios_message(&b, "WORKGROUP", 0x00, 0x8000), &names));
    buf_fini(&b);
    assert_false(names_of_netbios(netbios_message(&b, "FILES", 0x20, 0x0000), &names));
    buf_fini(&b);
}

/* ---- table ---- */

static struct packet seen(struct packet_frame *frame, uint32_t number, int64_t time_us)
{
    frame->time_us = time_us;
    struct packet p = {.frame = frame, .has_mac = true};
    p.src_mac = (struct mac){
        {0x00, 0x22, 0x72, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number}};
    p.src = (struct ip){
        .version = 4,
        .bytes = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)(number | 1)}};
    return p;
}

static void a_flood_of_invented_addresses_keeps_named_rows(void **state)
{
    struct device_table *t = device_table_new(NULL);
    struct packet_frame frame = {0};
    struct buf b;
    begin_dhcp(&b);
    add_option(&b, 12, "KEIRI-02");
    struct packet named = seen(&frame, 1, 1000);
    named.l4 = PACKET_L4_UDP;
    named.dst_port = 67;
    named.payload = buf_str(&b);
    devices_see(t, &named);
    for (uint32_t i = 2; i < DEVICES_MAX + 5000; i++) {
        struct packet p = seen(&frame, i, 1000 + i);
        devices_see(t, &p);
        assert_non_null(devices_find(t, &p.src_mac));
    }
    assert_int_equal(devices_count(t), DEVICES_MAX);
    assert_non_null(devices_find(t, &named.src_mac));
    assert_string_equal(devices_find(t, &named.src_mac)->hostname, "KEIRI-02");
    struct packet oldest = seen(&frame, 2, 0);
    assert_null(devices_find(t, &oldest.src_mac));
    buf_fini(&b);
    device_table_free(t);
}

static void addresses_stand_latest_first(void **state)
{
    struct device_table *t = device_table_new(NULL);
    struct packet_frame frame = {0};
    struct packet p = seen(&frame, 5, 1000);
    for (uint8_t i = 1; i <= DEVICE_IPS_MAX + 3; i++) {
        p.src.bytes[3] = i;
        devices_see(t, &p);
    }
    const struct device *d = devices_find(t, &p.src_mac);
    assert_int_equal(d->ip_count, DEVICE_IPS_MAX);
    assert_int_equal(d->ips[0].bytes[3], DEVICE_IPS_MAX + 3);
    assert_ptr_equal(devices_find_ip(t, &p.src), d);
    p.src = (struct ip){.version = 4, .bytes = {0}};
    devices_see(t, &p);
    assert_int_equal(d->ips[0].bytes[3], DEVICE_IPS_MAX + 3);
    device_table_free(t);
}

static void changes_are_told_once_and_not_too_often(void **state)
{
    struct device_table *t = device_table_new(NULL);
    struct packet_frame frame = {0};
    struct packet p = seen(&frame, 9, 5000000);
    devices_see(t, &p);
    assert_non_null(devices_next_change(t, 5000000));
    assert_null(devices_next_change(t, 5000000));
    p.src.bytes[1] = 77;
    devices_see(t, &p);
    assert_null(devices_next_change(t, 5500000));
    assert_non_null(devices_next_change(t, 6000001));
    assert_null(devices_next_change(t, 9000000));
    device_table_free(t);
}

static bool has_address(const struct device *d, const struct ip *ip)
{
    for (uint32_t k = 0; k < d->ip_count; k++)
        if (ip_eq(&d->ips[k], ip))
            return true;
    return false;
}

/* Who used an address last, against a plain search: machines come, change addresses, take each other's and are forgotten. */
static void addresses_are_found(void **state)
{
    enum { MACHINES = DEVICES_MAX + 500, ADDRESSES = 600 };
    static struct mac users[ADDRESSES];
    static bool used[ADDRESSES];
    struct device_table *t = device_table_new(NULL);
    struct packet_frame frame = {0};
    struct dice dice = dice_new("devices");
    uint32_t found = 0;
    memset(used, 0, sizeof used);
    for (int64_t now = 1; now < 200000; now++) {
        uint32_t address = dice_below(&dice, ADDRESSES);
        struct packet p = seen(&frame, dice_below(&dice, now < 60000 ? 50 : MACHINES), now);
        p.src =
            (struct ip){.version = 4, .bytes = {10, 1, (uint8_t)(address >> 8), (uint8_t)address}};
        devices_see(t, &p);
        const struct device *d = devices_find_ip(t, &p.src);
        assert_non_null(d);
        assert_memory_equal(&d->mac, &p.src_mac, sizeof d->mac);
        users[address] = p.src_mac;
        used[address] = true;
        uint32_t other = dice_below(&dice, ADDRESSES);
        p.src.bytes[2] = (uint8_t)(other >> 8);
        p.src.bytes[3] = (uint8_t)other;
        d = used[other] ? devices_find_ip(t, &p.src) : NULL;
        if (d)
            assert_true(has_address(d, &p.src));
        const struct device *last = used[other] ? devices_find(t, &users[other]) : NULL;
        if (last && has_address(last, &p.src)) {
            assert_ptr_equal(d, last);
            found++;
        }
    }
    assert_true(found > 10000);
    device_table_free(t);
}

static void makers_by_the_longest_prefix(void **state)
{
    char folder[] = "/tmp/otasuke-makers-XXXXXX", path[64];
    struct err err;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/oui.csv", folder);
    assert_int_equal(
        file_write(path,
                   STR_LIT("Registry,Assignment,Organization Name,Organization Address\n"
                           "MA-L,00AA01,\"Example, Ltd.\",\"1 Road\nTown\"\n"
                           "MA-L,00AA02,Plain Maker,Somewhere\n"),
                   0644, &err),
        0);
    snprintf(path, sizeof(path), "%s/oui36.csv", folder);
    assert_int_equal(file_write(path, STR_LIT("MA-S,00AA02345,Small Maker,There\n"), 0644, &err),
                     0);
    struct maker_list *list = maker_list_load(folder, &err);
    assert_non_null(list);
    assert_string_equal(maker_list_find(list, &(struct mac){{0, 0xaa, 1, 9, 9, 9}}),
                        "Example, Ltd.");
    assert_string_equal(maker_list_find(list, &(struct mac){{0, 0xaa, 2, 9, 9, 9}}), "Plain Maker");
    assert_string_equal(maker_list_find(list, &(struct mac){{0, 0xaa, 2, 0x34, 0x5f, 9}}),
                        "Small Maker");
    assert_string_equal(maker_list_find(list, &(struct mac){{0, 0xaa, 3, 0, 0, 0}}), "");
    maker_list_free(list);
    unlink(path);
    snprintf(path, sizeof(path), "%s/oui.csv", folder);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dhcp_names),
        cmocka_unit_test(dhcp_refuses_control_characters_and_answers),
        cmocka_unit_test(dhcp_fqdn_gives_its_first_label),
        cmocka_unit_test(mdns_names),
        cmocka_unit_test(netbios_names),
        cmocka_unit_test(a_flood_of_invented_addresses_keeps_named_rows),
        cmocka_unit_test(addresses_stand_latest_first),
        cmocka_unit_test(addresses_are_found),
        cmocka_unit_test(changes_are_told_once_and_not_too_often),
        cmocka_unit_test(makers_by_the_longest_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
