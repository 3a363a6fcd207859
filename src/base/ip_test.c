#include "base/dice.h"
#include "base/ip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>

static void parse_and_format(void **state)
{
    static const struct {
        const char *text;
        const char *want; /* NULL: refused */
        const char *full;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255", "255.255.255.255"},
        {"192.0.2.256", NULL, NULL},
        {"192.0.2", NULL, NULL},
        {"192.0.2.01", NULL, NULL},
        {" 192.0.2.1", NULL, NULL},
        {"192.0.2.1 ", NULL, NULL},
        {"", NULL, NULL},
        {"::", "::", "0000:0000:0000:0000:0000:0000:0000:0000"},
        {"::1", "::1", "0000:0000:0000:0000:0000:0000:0000:0001"},
        {"2001:DB8::1", "2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", "2001:0db8:0000:0000:0001:0000:0000:0001"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", "2001:0db8:0000:0001:0001:0001:0001:0001"},
        {"fe80:0:0:0:0:0:0:0", "fe80::", "fe80:0000:0000:0000:0000:0000:0000:0000"},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.1", "0000:0000:0000:0000:0000:ffff:c000:0201"},
        {"1:2:3:4:5:6:7:8:9", NULL, NULL},
        {"::1::", NULL, NULL},
        {"fe80::1%eth0", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ip ip;
        char text[IP_TEXT_BYTES];
        bool good = ip_parse(str_c(rows[i].text), &ip);
        assert_int_equal(good, rows[i].want != NULL);
        if (!good)
            continue;
        assert_int_equal(ip_format(&ip, text), strlen(rows[i].want));
        assert_string_equal(text, rows[i].want);
        assert_int_equal(ip_format_full(&ip, text), strlen(rows[i].full));
        assert_string_equal(text, rows[i].full);
    }
    struct ip ip;
    assert_false(ip_parse(STR_LIT("1.2.3.4\0"), &ip));
}

static void format_survives_the_way_back(void **state)
{
    struct dice dice = dice_new("ip");
    for (int i = 0; i < 20000; i++) {
        struct ip ip = {.version = i % 2 ? 4 : 6};
        for (int k = 0; k < (i % 2 ? 4 : 16); k++)
            ip.bytes[k] = dice_below(&dice, 3) ? 0 : (uint8_t)dice_u64(&dice);
        char text[IP_TEXT_BYTES];
        char libc[IP_TEXT_BYTES];
        struct ip again;
        ip_format(&ip, text);
        assert_true(ip_parse(str_c(text), &again));
        assert_true(ip_eq(&ip, &again));
        inet_ntop(ip.version == 4 ? AF_INET : AF_INET6, ip.bytes, libc, sizeof libc);
        if (!strchr(libc, '.') || ip.version == 4) /* ::a.b.c.d is its own habit */
            assert_string_equal(text, libc);
    }
}

static void networks(void **state)
{
    static const struct {
        const char *net;
        const char *ip;
        bool parses, has;
    } rows[] = {
        {"192.0.2.0/24", "192.0.2.255", true, true},
        {"192.0.2.0/24", "192.0.3.0", true, false},
        {"192.0.2.77/24", "192.0.2.1", true, true},
        {"192.0.2.1", "192.0.2.1", true, true},
        {"192.0.2.1", "192.0.2.2", true, false},
        {"0.0.0.0/0", "203.0.113.9", true, true},
        {"0.0.0.0/0", "2001:db8::1", true, false},
        {"10.0.0.0/9", "10.127.255.255", true, true},
        {"10.0.0.0/9", "10.128.0.0", true, false},
        {"2001:db8::/33", "2001:db8:7fff::", true, true},
        {"2001:db8::/33", "2001:db8:8000::", true, false},
        {"::1/128", "::1", true, true},
        {"::/0", "fe80::1", true, true},
        {"192.0.2.0/33", "192.0.2.0", false, false},
        {"2001:db8::/129", "::", false, false},
        {"192.0.2.0/", "192.0.2.0", false, false},
        {"192.0.2.0/-1", "192.0.2.0", false, false},
        {"/24", "192.0.2.0", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ip_net net;
        struct ip ip;
        assert_true(ip_parse(str_c(rows[i].ip), &ip));
        bool parses = ip_net_parse(str_c(rows[i].net), &net);
        if (parses != rows[i].parses || (parses && ip_net_has(&net, &ip) != rows[i].has))
            fail_msg("%s %s", rows[i].net, rows[i].ip);
    }
    struct ip_net net;
    struct ip want;
    assert_true(ip_net_parse(STR_LIT("192.0.2.77/28"), &net));
    assert_true(ip_parse(STR_LIT("192.0.2.64"), &want));
    assert_true(ip_eq(&net.first, &want));
}

static void order(void **state)
{
    static const char *const rising[] = {"0.0.0.1", "192.0.2.1", "192.0.2.2",
                                         "::",      "::1",       "fe80::"};
    struct ip a;
    struct ip b;
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 6; k++) {
            assert_true(ip_parse(str_c(rising[i]), &a) && ip_parse(str_c(rising[k]), &b));
            int order = ip_cmp(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            assert_int_equal(ip_eq(&a, &b), i == k);
        }
    }
}

static void hardware_addresses(void **state)
{
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"02:00:5e:10:00:01", "02:00:5e:10:00:01"},
        {"02-00-5E-10-00-0f", "02:00:5e:10:00:0f"},
        {"02:00:5e:10:00", NULL},
        {"02:00-5e:10:00:01", NULL},
        {"02:00:5g:10:00:01", NULL},
        {"0200:5e:10:00:01:", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mac mac;
        char text[MAC_TEXT_BYTES];
        bool good = mac_parse(str_c(rows[i].text), &mac);
        assert_int_equal(good, rows[i].want != NULL);
        if (good) {
            mac_format(&mac, text);
            assert_string_equal(text, rows[i].want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse_and_format),   cmocka_unit_test(format_survives_the_way_back),
        cmocka_unit_test(networks),           cmocka_unit_test(order),
        cmocka_unit_test(hardware_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
