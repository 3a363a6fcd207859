/* replay: `omamori replay`: the engine over capture files, for comparing, testing and explaining.
 *
 * The same engine_frame decides as inline, so what replay shows is what the gateway would have done.
 */
#ifndef GATEWAY_REPLAY_REPLAY_H
#define GATEWAY_REPLAY_REPLAY_H

/* argv[0] is "replay". Returns the exit status: 0, 1 when something could not be read, 64 for wrong usage, 78 for
 * settings that do not work. */
int replay_command(int argc, char **argv);

#endif
