/* The link process alone, as guard runs it: link_process FOLDER CENTER SPOOL_BYTES TRACE_FOLDER EVENT_FD CONTROL_FD */
#include "gateway/link/link.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    struct err err;
    if (argc != 7)
        return 64;
    struct link_conf conf = {.folder = argv[1],
                             .center = argv[2],
                             .software = "test",
                             .spool_bytes = strtoull(argv[3], NULL, 10),
                             .trace_folder = argv[4][0] ? argv[4] : NULL};
    if (link_run(&conf, atoi(argv[5]), atoi(argv[6]), &err) == 0)
        return 0;
    fprintf(stderr, "%s\n", err.text);
    return 1;
}
