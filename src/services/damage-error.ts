import { rowsText } from '../domain/batches.js';
import {
  ForeignKeyError,
  UndeclaredLossError,
  type Failure,
  type Loss,
  type MigrationFailedError,
} from '../errors.js';
import { troubleText } from '../sqlite/foreign-keys.js';
import type { Subject } from './subject.js';
import type { Damage } from './transaction-manager.js';

/**
 * The error for what a migration has done and did not ask to do. A loss is told first: what is gone may be why a foreign
 * key is violated.
 */
export function damageError(
  { text, at, isHook }: Subject,
  failure: Failure,
  { losses, violations, mismatches }: Damage,
): MigrationFailedError {
  const undone = undoneText(failure);
  if (losses.length > 0) {
    const names = [...new Set(losses.map(({ name }) => name))].map((name) => `'${name}'`).join(', ');
    return new UndeclaredLossError(
      failure,
      `${text} lost${at} what it did not ask to remove: ${lossesText(losses)}.`,
      `${undone} ${isHook ? IF_HOOK_MEANS_IT : IF_MEANT} declare it on a class: @migration({ expectLoss: [${names}] }).`,
      losses,
    );
  }
  return new ForeignKeyError(
    failure,
    `${text} left foreign keys violated${at} that were not before: ${troubleText({ violations, mismatches }).join('; ')}.`,
    `${undone} Put right in the ${isHook ? 'hook' : 'migration'} what the rows refer to, or, if they are to stay as they are, declare it on a class: @migration({ foreignKeyCheck: 'none' }).`,
    violations,
    mismatches,
  );
}

const IF_MEANT = 'To change a table without loss use alterTable() or rebuildTable(); if the loss is meant,';
const IF_HOOK_MEANS_IT = 'If the loss is meant, let a statement of the hook say so, or';

/** What is left of the failed migration. */
export function undoneText({ rolledBack, progress }: Failure): string {
  if (rolledBack === 'all') return 'The database is as it was before it.';
  if (rolledBack !== 'batch' || progress === undefined) return NOT_UNDONE;
  return `The batch that failed was rolled back; ${rowsText(progress)} are done, and stay.`;
}

/** Where a hint begins that is about a migration without a transaction. */
export const NOT_UNDONE = 'It ran without a transaction: what it did is in the database.';

/** What is gone, in words. */
export function lossesText(losses: readonly Loss[]): string {
  return losses.map(lossText).join('; ');
}

function lossText({ kind, name, table, before, after }: Loss): string {
  if (kind === 'rows') return `${Number(before) - Number(after)} of ${before} rows of ${name}`;
  if (kind === 'constraints') return `the constraints of ${name}, made anew by AS SELECT`;
  return table === undefined ? `${kind} ${name}` : `${kind} ${name} of ${table}`;
}
