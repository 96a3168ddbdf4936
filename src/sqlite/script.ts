import type { Database } from '../domain/migration.js';

/** Runs statements one by and keeps their texts. */
export class Script {
  readonly #db: Database;
  readonly #statements: string[] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  get statements(): readonly string[] {
    return this.#statements;
  }

  run(sql: string): void {
    this.note(sql);
    this.#db.exec(sql);
  }

  /** Keeps a statement that is not run. */
  note(sql: string): void {
    this.#statements.push(sql);
  }
}
