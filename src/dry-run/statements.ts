import type { StatementRecord, TableRows } from '../domain/statement.js';
import { StatementRecorder, type RecordedCall } from '../services/statement-recorder.js';
import { BodyError } from '../services/transaction-manager.js';
import { endsTransaction } from '../sqlite/ends-transaction.js';

/** Records what a body runs, and does not let it end the transaction: what that committed could not be taken back. */
export class UncommittedRecorder extends StatementRecorder {
  #refused: BodyError | undefined;

  override call(call: RecordedCall): unknown {
    this.refuseEnd(); // should it have swallowed that
    if (call.method === 'run') this.#refuse(call.sql); // what gives rows does not end it: better-sqlite3 refuses to ask
    return super.call(call);
  }

  override exec(text: string, run: (sql: string) => unknown): unknown {
    return super.exec(text, (piece) => {
      this.#refuse(piece, text);
      return run(piece);
    });
  }

  /** @throws BodyError when the body wanted to end the transaction */
  override refuseEnd(): void {
    if (this.#refused !== undefined) throw this.#refused;
  }

  #refuse(sql: string, whole = sql): void {
    if (!endsTransaction(sql)) return;
    this.#refused = new BodyError('ended the transaction', whole);
    throw this.#refused;
  }
}

/** What the bodies of one step have run: one that commits its batches has several. */
export function recordedBy(recorders: readonly StatementRecorder[]): {
  readonly statements: readonly StatementRecord[];
  readonly rows: readonly TableRows[];
} {
  const rows = new Map<string, TableRows>();
  for (const each of recorders.flatMap(({ tables }) => tables)) {
    const { inserted = 0, updated = 0, deleted = 0 } = rows.get(each.table) ?? {};
    rows.set(each.table, {
      table: each.table,
      inserted: inserted + each.inserted,
      updated: updated + each.updated,
      deleted: deleted + each.deleted,
    });
  }
  return { statements: recorders.flatMap(({ records }) => records), rows: [...rows.values()] };
}
