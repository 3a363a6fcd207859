/* Capture files: any bytes; every frame lies inside the file, and reading ends. */
#include "gateway/pcap/pcap.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pcap_file file;
    struct pcap_frame frame;
    if (pcap_open_bytes(&file, str_of(data, size), NULL) < 0)
        return 0;
    while (pcap_next(&file, &frame))
        if (frame.bytes.len &&
            (frame.bytes.p < data || frame.bytes.p + frame.bytes.len > data + size))
            abort();
    return 0;
}
