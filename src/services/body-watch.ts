import type { RunResult, Statement } from 'better-sqlite3';
import type { Database } from '../domain/migration.js';
import type { Actor } from '../domain/hooks.js';
import { ChangeLog } from '../sqlite/change-log.js';
import { effectsOf, type Effect } from '../sqlite/effects.js';
import { areInKeys, hasKeys } from '../sqlite/foreign-keys.js';
import { ForeignKeyGuard } from '../sqlite/foreign-key-guard.js';
import { LossGuard } from '../sqlite/loss-guard.js';
import { ReachFinder } from '../sqlite/reach.js';
import type { BatchLedger, MigrationScope } from '../sqlite/scope.js';
import { Acts, type Parting } from './acts.js';
import { amountsOf, damageBy, evidenceSoFar, toldOf, type Evidence } from './damage.js';
import { pastOf, type Inside } from './past.js';
import type { RecordedCall, StatementRecorder } from './statement-recorder.js';
import { BodyError, type BodyRules } from './transaction-manager.js';

/** What looks after a body that may do more than create. */
interface Guards extends Evidence {
  readonly reach: ReachFinder;
  /** Texts that need no second look. */
  readonly seen: Set<string>;
  /** What the body has set that lasts longer than it should, and what it was before. */
  readonly settings: Map<string, unknown>;
}

/** Watches the statements of one migration's body, and judges in the end what they have done. */
export class BodyWatch {
  readonly #db: Database;
  readonly #rules: BodyRules;
  readonly #inside: Inside;
  readonly #recorder: StatementRecorder | undefined;
  /** Made when it is first needed: most migrations only create. */
  #guards: Guards | undefined;
  #foreignKeys: BodyRules['foreignKeys'];
  /** Texts that only create, kept for the day that something else follows. */
  #quiet: string[] = [];
  readonly #warnings = new Set<string>();
  readonly #parting: Parting;
  /** Made where there are hooks. */
  #acts: Acts | undefined;
  #failed: { readonly error: unknown; readonly sql: string } | undefined;

  /** @param parting between those who share the body */
  constructor(
    db: Database,
    rules: BodyRules,
    inside: Inside,
    parting: Parting,
    recorder?: StatementRecorder,
  ) {
    this.#db = db;
    this.#parting = parting;
    this.#recorder = recorder;
    this.#rules = rules;
    this.#inside = inside;
    this.#foreignKeys = rules.foreignKeys;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  /** What functions that change tables need to know, and have to tell. */
  get scope(): MigrationScope {
    return {
      connection: this.#db,
      foreignKeys: this.#foreignKeys,
      exec: (sql) => this.#exec(sql),
      run: (statement, values) => this.#run(statement, values),
      redefines: (table) => void this.#noteAfterQuiet([{ kind: 'alter', table }]),
      renames: (from, to) => void this.#noteAfterQuiet([{ kind: 'rename', from, to }]),
      writes: (table, columns) =>
        void this.#noteAfterQuiet([{ kind: 'write', verb: 'update', table, removes: false }], columns),
      meets: (conflict) => void this.#rules.conflicts?.push(conflict),
      parks: (rows) => this.#disregard(rows),
      begins: (actor) => this.#begins(actor),
      warns: (message) => this.#warnings.add(message),
      progress: (progress) => this.#rules.onBatch?.(progress),
      ledger: besides(this.#rules.ledger, this.#recorder),
    };
  }

  /** Completes the error of a body by what is known here. */
  told(error: BodyError): BodyError {
    const { kind } = error;
    if (kind === 'ended the transaction' || kind === 'left a transaction open')
      error.blaming(this.#acts?.now());
    return error.warning(this.warnings);
  }

  #begins(actor: Actor): void {
    this.#recorder?.refuseEnd();
    const known = this.#guards && evidenceSoFar(this.#guards);
    this.#acts ??= new Acts(this.#db, this.#parting);
    this.#acts.begin(actor, () =>
      known === undefined ? new Map() : amountsOf(damageBy(known, this.#rules.expectLoss), known.log),
    );
  }

  #disregard(rows: number): void {
    if (this.#rules.own !== undefined) this.#rules.own.rows += rows;
    this.#recorder?.disregard(rows);
  }

  #run(statement: Statement, values: readonly unknown[]): number {
    const sql = statement.source;
    try {
      if (this.#recorder === undefined) return statement.run(values).changes;
      const run = Reflect.get(statement, 'run') as RecordedCall['run'];
      const call = { sql, method: 'run', target: statement, run, args: [values] };
      return (this.#recorder.call(call) as RunResult).changes;
    } catch (error) {
      this.#failed = { error, sql };
      throw error;
    }
  }

  /** The statement that threw `error`, if it was run by a function that changes rows on the migration's behalf. */
  sqlOf(error: unknown): string | undefined {
    return this.#failed?.error === error ? this.#failed?.sql : undefined;
  }

  #exec(sql: string): void {
    this.#rules.ledger?.before(sql);
    if (this.#recorder === undefined) this.#db.exec(sql);
    else this.#recorder.exec(sql, (text) => this.#db.exec(text));
  }

  /** To be called before a text of SQL runs, each time that it does. */
  before(sql: string): void {
    this.#rules.ledger?.before(sql);
    if (this.#guards?.seen.has(sql) === true) return;
    if (!MAY_CHANGE.test(sql)) {
      if (MAY_CREATE.test(sql)) this.#quiet.push(sql);
      return;
    }
    const effects = this.#noteAfterQuiet(effectsOf(sql));
    // What else there is decides what a write can reach.
    const { seen } = this.#needGuards();
    if (effects.every(({ kind }) => kind === 'write')) seen.add(sql);
    else seen.clear();
  }

  /** @throws BodyError when the body has lost what it did not ask to lose, or left foreign keys violated */
  refuseDamage(): void {
    if (this.#guards === undefined) return;
    const damage = damageBy(this.#guards, this.#rules.expectLoss);
    const amounts = amountsOf(toldOf(damage), this.#guards.log);
    if (amounts.size === 0) return;
    const blame = this.#acts?.whoDid(amounts);
    throw new BodyError('did damage', undefined, undefined, damage).warning(this.warnings).blaming(blame);
  }

  /**
   * What was created is there by now, and must not be taken for what was there before.
   * @param columns of one table, where nothing happens but that they are set
   */
  #noteAfterQuiet(more: readonly Effect[], columns?: readonly string[]): readonly Effect[] {
    const made = this.#quiet.flatMap(effectsOf);
    this.#quiet = [];
    const { log, reach: finder, losses, keys } = this.#needGuards();
    log.add(made);
    this.#notePragmas(more);
    const { reach, triggered } = finder.after([...made, ...more], this.#foreignKeys, columns);
    losses.before(more, log, reach);
    const isInert =
      columns !== undefined &&
      reach === 'named' &&
      !this.#areInKeys(more, columns) &&
      !triggered.some((effect) => effect.kind === 'write' && hasKeys(this.#db, effect.table));
    const effects = [...more, ...triggered];
    if (!isInert) keys.before(effects, reach);
    log.add(effects);
    return [...made, ...more];
  }

  #needGuards(): Guards {
    const db = this.#db;
    return (this.#guards ??= {
      log: new ChangeLog(),
      reach: new ReachFinder(db),
      losses: new LossGuard(db),
      keys: new ForeignKeyGuard(db, this.#rules.foreignKeyCheck, pastOf(db, this.#inside)),
      seen: new Set(),
      settings: new Map(),
    });
  }

  #areInKeys(effects: readonly Effect[], columns: readonly string[]): boolean {
    return effects.some((effect) => effect.kind === 'write' && areInKeys(this.#db, effect.table, columns));
  }

  /** Puts back the settings of the connection that change what later migrations, and the application, do. */
  restoreSettings(): void {
    if (this.#guards === undefined) return;
    const { settings } = this.#guards;
    for (const [name, value] of settings) this.#db.pragma(`${name} = ${String(value)}`);
    settings.clear();
  }

  #notePragmas(effects: readonly Effect[]): void {
    const set = new Set(
      effects.flatMap((effect) => (effect.kind === 'pragma' && effect.sets ? [effect.name] : [])),
    );
    const { settings } = this.#needGuards();
    for (const name of SETTINGS) {
      if (!set.has(name) || settings.has(name)) continue;
      settings.set(name, this.#db.pragma(name, { simple: true }));
    }
    if (!set.has('foreign_keys')) return;
    if (this.#inside !== 'none') this.#warnings.add(PRAGMA_WARNING);
    else this.#foreignKeys = 'enforced'; // it may be, from here on
  }
}

// What a batch leaves in Decant's own table is not of the migration's doing.
function besides(
  ledger: BatchLedger | undefined,
  recorder: StatementRecorder | undefined,
): BatchLedger | undefined {
  if (ledger === undefined || recorder === undefined) return ledger;
  return {
    resume: (definition) => ledger.resume(definition),
    keep: (state) => recorder.aside(() => ledger.keep(state)),
    endBody: () => ledger.endBody(),
  };
}

const SETTINGS = [
  'legacy_alter_table',
  'ignore_check_constraints',
  'recursive_triggers',
  'writable_schema',
  'query_only',
];

// Nothing else can remove, change or reach anything; it spares reading what only creates or selects.
const MAY_CHANGE = /\b(?:insert|replace|update|delete|drop|alter|pragma|trigger)\b/i;
const MAY_CREATE = /\bcreate\b/i;

const PRAGMA_WARNING =
  "PRAGMA foreign_keys does nothing inside a transaction. Decant has turned them off, and checks them in the end; to have them enforced, declare foreignKeys: 'enforced'.";
