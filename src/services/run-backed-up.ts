import type { Plan } from '../domain/plan.js';
import type { RunReport } from '../domain/report.js';
import { carryOut, type Equipment } from './carry-out.js';
import { reportOf } from './run-report.js';
import type { SafetyNet } from './safety-net.js';
import { inOneGo, refuseAborted, withPauses } from './turns.js';

/**
 * Carries out a plan with its backups. The backup API is asynchronous, and a transaction must not be: so the plan is cut
 * where a backup is to be made.
 */
export async function runBackedUp(
  plan: Plan,
  net: SafetyNet,
  equipment: Equipment,
  signal: AbortSignal | undefined,
): Promise<RunReport> {
  const mayPause = net.parts.some(({ kind }) => kind === 'batches');
  for (const part of net.parts) {
    await net.spread(part);
    try {
      net.begin(part);
      const turns = carryOut(part, equipment);
      if (mayPause) refuseAborted(signal, part.steps[0]);
      // What fails without a transaction is to be undone before others on this connection get a turn.
      if (part.kind === 'batches') await withPauses(turns, signal, part.steps[0]);
      else inOneGo(turns);
    } catch (error) {
      throw await net.caught(error);
    }
    net.passed();
  }
  const warnings = net.fold();
  return reportOf(equipment.run, plan, warnings, net.backup?.file);
}
