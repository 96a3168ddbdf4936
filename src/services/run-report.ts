import type { Plan } from '../domain/plan.js';
import { deepFreeze, type RunReport } from '../domain/report.js';
import type { Run } from './run.js';

/** What a run has done of its plan so far. */
export function reportOf(
  run: Run,
  plan: Plan,
  warnings: readonly string[] = [],
  backup: string | null = null,
): RunReport {
  return deepFreeze({
    ...plan,
    runId: run.id,
    steps: run.results,
    warnings: [...plan.warnings, ...run.warnings, ...warnings],
    backup,
    hooks: run.hooks.reports,
  });
}
