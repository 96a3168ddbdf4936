import { join } from 'node:path';
import Database from 'better-sqlite3';
import { MigrationFailedError } from 'decant';
import { statementsOf } from '../../../src/sqlite/tokens.js';
import type { Kind } from '../kind.js';
import { databaseIn, RUNS, serviceFor, type Act } from '../acts.js';
import { copyProject, expectFinal, placeOf, whichState, type Template } from '../project.js';
import type { Random } from '../random.js';
import { JOURNALS, type Journal } from '../subject.js';

/** Statement k of a run fails, of a migration's or of the engine's, for every k. */
export const statementFailures: readonly Kind[] = RUNS.flatMap((act) =>
  JOURNALS.map((journal) => failing(act, journal)),
);

function failing(act: Act, journal: Journal): Kind {
  return {
    name: `failure at statement k of ${act.name}, ${journal}`,
    short: 4,
    long: 'all',
    prepare: async (workshop, folder) => {
      const template = await workshop.template(act, journal);
      const own = join(folder, 'counted');
      copyProject(template.folder, own);
      const counter = new Saboteur();
      await withDatabase(own, async (db) => {
        counter.attach(db);
        await run(db, act);
      });
      return {
        count: counter.executed,
        tryCase: (random, caseFolder, k) => failStatement(k, template, { folder: caseFolder, random }),
      };
    },
  };
}

/** How SQLite fails: by itself, or so badly that it rolls back the whole transaction, as with some full disks. */
const FAILURES = ['SQLITE_ERROR', 'SQLITE_IOERR', 'SQLITE_FULL with rollback', 'SQLITE_IOERR with rollback'];

/** Lets statements through and counts them, but for one. */
class Saboteur {
  executed = 0;
  failed: string | undefined;
  readonly #failAt: number;
  readonly #failure: string;

  constructor(failAt = Infinity, failure = '') {
    this.#failAt = failAt;
    this.#failure = failure;
  }

  attach(db: Database.Database): void {
    const exec = db.exec.bind(db);
    const prepare = db.prepare.bind(db);
    const pragma = db.pragma.bind(db);
    const count = (sql: string): void => this.#count(sql, db, exec);
    const patched = {
      // One by one, so that each can fail.
      exec(sql: string) {
        for (const statement of split(sql)) {
          count(statement);
          exec(statement);
        }
        return db;
      },
      pragma(source: string, options?: Database.PragmaOptions) {
        count(`PRAGMA ${source}`);
        return pragma(source, options);
      },
      prepare(sql: string) {
        const statement = prepare(sql) as unknown as Record<string, (...args: unknown[]) => unknown>;
        for (const method of ['run', 'get', 'all', 'iterate']) {
          const real = statement[method]?.bind(statement);
          statement[method] = (...args) => {
            count(sql);
            return real?.(...args);
          };
        }
        return statement;
      },
    };
    Object.assign(db, patched);
  }

  detach(db: Database.Database): void {
    for (const method of ['exec', 'prepare', 'pragma']) Reflect.deleteProperty(db, method);
  }

  #count(sql: string, db: Database.Database, exec: (sql: string) => unknown): void {
    this.executed += 1;
    if (this.executed !== this.#failAt) return;
    this.failed = sql;
    const [code = '', , rollback] = this.#failure.split(' ');
    if (rollback !== undefined && db.inTransaction) exec('ROLLBACK');
    throw new Database.SqliteError('made to fail', code);
  }
}

function split(sql: string): readonly string[] {
  return Array.from(statementsOf(sql), (tokens) => sql.slice(tokens[0]?.start, tokens.at(-1)?.end));
}

function run(db: Database.Database, { words, directory }: Act): Promise<unknown> {
  const service = serviceFor(db, directory);
  return words[0] === 'migrate:up' ? service.up() : service.reset();
}

async function withDatabase(folder: string, work: (db: Database.Database) => Promise<void>): Promise<void> {
  const db = new Database(databaseIn(folder));
  try {
    await work(db);
  } finally {
    db.close();
  }
}

interface Failing {
  readonly folder: string;
  readonly random: Random;
}

async function failStatement(k: number, template: Template, { folder, random }: Failing): Promise<string> {
  const own = join(folder, 'project');
  copyProject(template.folder, own);
  const { act, reference } = template;
  let index = 0;
  await withDatabase(own, async (db) => {
    const saboteur = new Saboteur(k, random.pick(FAILURES));
    const before = settingsOf(db);
    saboteur.attach(db);
    const error = await run(db, act).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    saboteur.detach(db);
    const at = `at ${JSON.stringify(saboteur.failed)}`;
    index = whichState(own, reference);
    const after = settingsOf(db);
    // When all is done, the one statement of the kind that is left is the one that restores the setting.
    const isRestoring = index === reference.states.length - 1 && /PRAGMA foreign_keys/.test(at);
    if (after !== before && !isRestoring) throw new Error(`${at} settings were ${before} and are ${after}`);
    refuseWrongReport(error, index, reference.states.length - 1, at);
    // The same connection must be as good as new.
    await serviceFor(db, act.directory).up();
  });
  expectFinal(own, reference, index);
  return placeOf(index, reference);
}

function refuseWrongReport(error: unknown, index: number, last: number, at: string): void {
  if (error === undefined && index !== last) throw new Error(`${at} no error, and yet state ${index}`);
  if (error === undefined || !(error instanceof MigrationFailedError)) return;
  const { completed, rolledBack } = error.failure;
  // Where the guard cannot be released, the engine cannot know why.
  const isGuard = at.includes('RELEASE decant');
  if (completed.length === index && (rolledBack === 'all' || isGuard)) return;
  throw new Error(`${at} reported ${completed.length} done and ${rolledBack} rolled back, in state ${index}`);
}

const SETTINGS = [
  'foreign_keys',
  'legacy_alter_table',
  'defer_foreign_keys',
  'recursive_triggers',
  'writable_schema',
  'query_only',
  'ignore_check_constraints',
];

/** What of a connection a run must leave as it was: settings, no transaction, nothing temporary. */
function settingsOf(db: Database.Database): string {
  const settings = SETTINGS.map((name) => [name, db.pragma(name, { simple: true })]);
  const temporary = db.prepare('SELECT name FROM temp.sqlite_schema').pluck().all();
  return JSON.stringify({ ...Object.fromEntries(settings), inTransaction: db.inTransaction, temporary });
}
