/** Runs statements one by and keeps their texts. */
export class Script {
  readonly #exec: (sql: string) => void;
  readonly #statements: string[] = [];

  constructor(exec: (sql: string) => void) {
    this.#exec = exec;
  }

  get statements(): readonly string[] {
    return this.#statements;
  }

  run(sql: string): void {
    this.note(sql);
    this.#exec(sql);
  }

  /** Keeps a statement that is not run. */
  note(sql: string): void {
    this.#statements.push(sql);
  }
}
