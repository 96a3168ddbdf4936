import type { WalkState } from '../domain/batches.js';
import type { Database } from '../domain/migration.js';
import { BatchError } from '../errors.js';
import { scopeOf, type BatchLedger } from '../sqlite/scope.js';
import { definitionOf, refuseColumns, taskOf, type BatchOptions, type BatchResult } from './options.js';
import { nextBatch, startOf, type Means } from './step.js';
import { walkOf } from './walk.js';

/**
 * Changes many rows of a table by and by, in the order of its primary key, from the first to the last that there is
 * when it begins. In a migration that declares `transaction: 'batches'`, each batch is committed by itself.
 * @throws BatchError for what cannot be walked, or not like this
 *
 * @example
 * db.transaction(() => {
 *   batch(db, { table: 'users', size: 5000, where: 'slug IS NULL', set: { slug: 'lower(email)' } });
 * })();
 */
export function batch(db: Database, options: BatchOptions): BatchResult {
  const task = taskOf(options);
  const scope = scopeOf(db);
  const connection = scope?.connection ?? db;
  if (!connection.inTransaction) throw noTransaction(options.table);
  const ledger = scope?.ledger;
  const lasts = ledger === undefined ? 'within it' : 'beyond the transaction';
  const walk = walkOf(connection, options.table, lasts);
  const columns = task.set.map(([column]) => column);
  refuseColumns(walk, columns);
  const means: Means = { db, connection, walk, task, scope };
  return ledger === undefined ? doAll(means) : doOne(means, ledger, options);
}

function doAll(means: Means): BatchResult {
  let state = startOf(means);
  while (!state.isFinished) {
    const before = state.batches;
    state = nextBatch(means, state);
    if (state.batches > before) means.scope?.progress(state);
  }
  return resultOf(state);
}

// One batch, or none when all are done. After one, the body is ended: the next batch is for the next transaction.
function doOne(means: Means, ledger: BatchLedger, options: BatchOptions): BatchResult {
  const definition = definitionOf(options);
  const known: WalkState = ledger.resume(definition) ?? { definition, ...startOf(means) };
  const state = known.isFinished ? known : nextBatch(means, known);
  ledger.keep(state);
  return state.batches > known.batches ? ledger.endBody() : resultOf(state);
}

function resultOf({ done, batches }: Pick<WalkState, 'done' | 'batches'>): BatchResult {
  return { rows: done, batches };
}

function noTransaction(table: string): BatchError {
  return new BatchError(
    table,
    'there is no transaction, so it could not be undone, nor gone on with.',
    "In a migration, declare transaction: 'batches' in place of false; elsewhere, begin one.",
  );
}
