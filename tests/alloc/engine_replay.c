/* The known cases of fuzz/corpus/engine, each with its first taking from a flow's memory refused, then its second, ... (further on
 * in growing steps), once alone and once with all that follow: parsers, streams, files and rules do without. The target's own
 * conditions hold all the while: a sensor lets everything pass, events are well-formed, all memory comes back. */
#include "tests/alloc/failing.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 40 /* per case and mode */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_case(const char *path, uint8_t *data, size_t bytes_max)
{
    FILE *f = fopen(path, "rb");
    size_t bytes = f ? fread(data, 1, bytes_max, f) : 0;
    if (f)
        fclose(f);
    return bytes;
}

static void play_case(const uint8_t *data, size_t bytes)
{
    static const enum failing_mode modes[] = {FAILING_ONCE, FAILING_FROM_THEN_ON};
    failing_begin(0, FAILING_ONCE);
    LLVMFuzzerTestOneInput(data, bytes);
    size_t takings = failing_count();
    failing_end();
    size_t step = takings / STEPS_MAX + 1;
    for (size_t m = 0; m < 2; m++)
        for (size_t at = 1 + m % step; at <= takings; at += step) {
            failing_begin(at, modes[m]);
            LLVMFuzzerTestOneInput(data, bytes);
            failing_end();
        }
}

int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    char path[4096];
    int count = 0;
    failing_budgets_only();
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    for (struct dirent *e; folder && (e = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        size_t bytes = e->d_name[0] == '.' ? 0 : read_case(path, data, sizeof data);
        if (bytes)
            play_case(data, bytes);
        count += bytes > 0;
    }
    if (folder)
        closedir(folder);
    printf("1..1\n%s 1 - %d cases\n", count ? "ok" : "not ok", count);
    return count ? 0 : 1;
}
