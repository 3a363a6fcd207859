// What the gateways together have looked at.
import type { Gateway } from '../../stores/center.svelte.ts';

export type Inspection = { connected: number; inspecting: number; frames: number; alerts: number; heartbeat: string | null };

type Seen = Pick<Gateway, 'state' | 'fail_open' | 'revoked' | 'counters' | 'last_heartbeat'>;

/** `connected`: boxes that were there at least once; `inspecting`: those of them that work and do inspect now. */
export function inspectionOf(gateways: readonly Seen[]): Inspection {
  const connected = gateways.filter((g) => g.state !== 'never' && !g.revoked);
  const inspecting = connected.filter((g) => g.state === 'online' && !g.fail_open);
  const sum = (name: string): number => connected.reduce((total, g) => total + (g.counters[name] ?? 0), 0);
  const beats = connected.map((g) => g.last_heartbeat).filter((beat) => beat !== null);
  return {
    connected: connected.length,
    inspecting: inspecting.length,
    frames: sum('frames'),
    alerts: sum('alerts'),
    heartbeat: beats.sort().at(-1) ?? null,
  };
}
