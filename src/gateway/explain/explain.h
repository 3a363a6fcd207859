/* explain: what rules mean, what they cost, and why one did or did not fire: `omamori rules ...` and `omamori why`.
 *
 * Way in:    rule files and settings as for replay; for profile and why also a capture.
 * Way out:   words on standard output, or JSON (--json). Nothing is written anywhere else.
 * How:       the image is made and packets are judged by the same code as everywhere; this room only listens
 *            (engine_trace) and finds words.
 * Files:     options (command line), check and lint (rules check), about (rules explain), coverage, profile, why with
 *            trail (what was heard) and tell (how it is said), words (of the rule language), phrase (a rule's text as options).
 */
#ifndef GATEWAY_EXPLAIN_EXPLAIN_H
#define GATEWAY_EXPLAIN_EXPLAIN_H

/* argv[0] is "rules" or "why". They return the exit status; the help text (options.c) tells it. */
int rules_command(int argc, char **argv);
int why_command(int argc, char **argv);

#endif
