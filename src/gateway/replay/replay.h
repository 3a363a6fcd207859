/* replay: `omamori replay`: the engine over capture files, for comparing, testing and explaining.
 *
 * The same engine_frame decides as inline, so what replay shows is what the gateway would have done.
 */
#ifndef GATEWAY_REPLAY_REPLAY_H
#define GATEWAY_REPLAY_REPLAY_H

/* argv[0] is "replay". Returns the exit status; the help text (options.c) tells them. */
int replay_command(int argc, char **argv);

#endif
