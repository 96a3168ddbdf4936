import { setTimeout } from 'node:timers/promises';
import { rowsText, type RowProgress } from '../domain/batches.js';
import type { PlanStep } from '../domain/plan.js';
import type { OnProgress, StepResult } from '../domain/report.js';
import { PausedError } from '../errors.js';
import type { OnBatch } from './transaction-manager.js';

/**
 * Work that stops after each batch that it commits, with no transaction open; mostly it does not stop at all, for only
 * a migration that declares so commits its batches.
 */
export type Turns<T> = Generator<RowProgress, T>;

/** All of it in one go. */
export function inOneGo<T>(turns: Turns<T>): T {
  for (;;) {
    const turn = turns.next();
    if (turn.done === true) return turn.value;
  }
}

/**
 * All of it, with a pause after each batch, in which signals get through, and others to the write lock: they look for
 * it only now and then.
 * @param step what it is the work of
 * @throws PausedError after the batch in which the signal was aborted
 */
export async function withPauses(
  turns: Turns<void>,
  signal: AbortSignal | undefined,
  step: PlanStep | undefined,
): Promise<void> {
  for (;;) {
    const since = performance.now();
    const turn = turns.next();
    if (turn.done === true) return;
    await setTimeout(Math.max(1, (performance.now() - since) * SHARE_OF_OTHERS));
    refuseAborted(signal, step, turn.value);
  }
}

const SHARE_OF_OTHERS = 0.1;

/** The turns of a step, of which somebody is told. */
export function* told(
  place: { readonly step: PlanStep; readonly index: number; readonly total: number },
  commits: 'each batch' | 'at the end',
  onProgress: OnProgress | undefined,
  turnsOf: (onBatch: OnBatch) => Turns<StepResult>,
): Turns<void> {
  const { step, index, total } = place;
  const ifEnded = commits === 'each batch' ? 'stay' : 'go';
  const onBatch = ({ done, total: rows }: RowProgress): void =>
    onProgress?.({ type: 'batch', step, ifEnded, done, total: rows });
  onProgress?.({ type: 'start', step, index, total });
  const turns = turnsOf(onBatch);
  for (;;) {
    const turn = turns.next();
    if (turn.done === true) {
      onProgress?.({ type: 'done', result: turn.value, index, total });
      return;
    }
    onBatch(turn.value);
    yield turn.value;
  }
}

/** @throws PausedError when the signal says so */
export function refuseAborted(
  signal: AbortSignal | undefined,
  step: PlanStep | undefined,
  progress?: RowProgress,
): void {
  if (signal?.aborted !== true || step === undefined) return;
  const { name, direction } = step;
  throw new PausedError(name, direction, progress && rowsText(progress));
}
