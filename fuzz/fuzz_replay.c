/* Feeds the files of a corpus folder to a fuzz target, in builds without libFuzzer. A crash is the failure. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat st;
    if (!f || fstat(fileno(f), &st) < 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    if (!S_ISREG(st.st_mode)) {
        fclose(f);
        return 0;
    }
    /* exactly as large as the input, so that a sanitizer sees the first byte too far */
    uint8_t *data = malloc((size_t)st.st_size + (st.st_size == 0));
    if (!data || fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
        exit(1);
    fclose(f);
    LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    int count = 0;
    for (struct dirent *e; (e = readdir(folder));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], e->d_name);
        count += feed(path);
    }
    closedir(folder);
    if (count == 0) {
        fprintf(stderr, "%s holds no case\n", argv[1]);
        return 1;
    }
    printf("1..1\nok 1 - %d cases\n", count);
    return 0;
}
