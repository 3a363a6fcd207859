/* The readers of DHCP, mDNS and NetBIOS names: any bytes, no report, and what they keep can be shown. */
#include "base/text.h"
#include "gateway/devices/names.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool got, const struct names *names)
{
    if (!got)
        return;
    if (!text_is_utf8(str_c(names->hostname)) || !text_is_utf8(str_c(names->vendor_class)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct names names;
    struct str payload = str_of(data, size);
    check(names_of_dhcp(payload, &names), &names);
    check(names_of_mdns(payload, &names), &names);
    check(names_of_netbios(payload, &names), &names);
    return 0;
}
