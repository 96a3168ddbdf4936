import { leftText, type RowProgress } from './domain/batches.js';
import { action } from './oclif.js';

// Often enough to look live.
const EVERY_MS = 100;

/**
 * Shows behind a live line how far batch() is, and how long it will take.
 * @param title what the line says
 */
export function batchLine(title: string): (progress: RowProgress) => void {
  let since: { readonly progress: RowProgress; readonly at: number } | undefined;
  let last = Infinity;
  let shownAt = performance.now();
  return (progress) => {
    const at = performance.now();
    // It goes back when another batch() begins.
    if (since === undefined || progress.done < last) since = { progress, at };
    last = progress.done;
    if (at - shownAt < EVERY_MS) return;
    shownAt = at;
    // By its status alone oclif draws the line at the next tick, for which a transaction does not wait.
    action.start(title, leftText(progress, since.progress, at - since.at));
  };
}
