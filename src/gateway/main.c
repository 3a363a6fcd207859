/* omamori: the program's first word chooses what it does. */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argc;
    fprintf(stderr, "%s: no command is there yet\n", argv[0]);
    return 64;
}
