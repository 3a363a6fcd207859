/* enrol: `omamori enrol`: makes this box known to its center by the 12-character claim code. */
#ifndef GATEWAY_ENROL_H
#define GATEWAY_ENROL_H

int enrol_command(int argc, char **argv);

#endif
