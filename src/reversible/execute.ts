import type { Database } from '../domain/migration.js';
import { ReversibleError } from '../errors.js';
import { operation, type Operation } from './operation.js';

/** Statements of SQL, or a function that runs them. */
export type Statements = string | ((db: Database) => void);

/** What cannot be undone by itself: the way back is written by hand. */
export interface Execution {
  readonly up: Statements;
  readonly down: Statements;
}

export function executing(execution: Execution): Operation {
  const said = [execution.up, execution.down].map((each) => (typeof each === 'string' ? each : null));
  return operation(
    { kind: 'execute', table: '', said },
    ({ db }) => run(db, execution.up),
    ({ db }) => run(db, execution.down),
  );
}

function run(db: Database, statements: Statements): void {
  if (typeof statements === 'string') return void db.exec(statements);
  const result: unknown = statements(db);
  if (typeof result !== 'object' || result === null || !('then' in result)) return;
  void Promise.resolve(result).catch(() => undefined);
  throw new ReversibleError(
    'the database by execute()',
    'its function is asynchronous, and would go on when the transaction has ended',
    'Take `async` off it, and move what must be awaited into prepare().',
  );
}
