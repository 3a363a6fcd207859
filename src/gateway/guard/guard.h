/* guard: the parent of the gateway's processes: opens what needs rights, starts, watches and restarts the others, and sees
 * to it that frames pass when the engine does not.
 *
 * The dead-man switch: the two ports are members of a kernel bridge whose forwarding is held back by elements of an
 * nftables set that expire by themselves (HOLD_MS). Guard renews them only while the engine gives signs of life. Engine
 * dead: guard lets go at once; guard dead too: the engine dies with it (PR_SET_PDEATHSIG) and the elements expire. The MAC
 * addresses that are cut off stand in the same table and hold in every case.
 *
 * Rights: root. Parses nothing from the network: what comes from children are fixed-size messages, and policies that link
 * has checked.
 */
#ifndef GATEWAY_GUARD_GUARD_H
#define GATEWAY_GUARD_GUARD_H

/* `omamori run`: returns the exit status when told to stop. The bridge stays: the network goes on. */
int guard_command(int argc, char **argv);

#endif
