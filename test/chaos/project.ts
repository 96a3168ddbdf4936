import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import 'reflect-metadata';
import { MigrationService, registerDecant } from 'decant';
import { container } from 'tsyringe';
import { differences, stateOf, type State } from './state.js';
import { makeSubject, type Journal } from './subject.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'lib', 'cli.js');
export const MIGRATIONS = join(ROOT, 'test', 'chaos', 'migrations');

export type Direction = 'up' | 'down';

export const DIRECTIONS: readonly Direction[] = ['up', 'down'];

/** Undisturbed: what the database is after each migration, and what the next `up` makes of each of these. */
export interface Reference {
  readonly states: readonly State[];
  readonly finals: readonly State[];
}

export const databaseIn = (folder: string): string => join(folder, 'app.db');

/** Runs the engine in this process, on a connection of its own. */
export async function migrate(
  folder: string,
  work: (service: MigrationService, db: Database.Database) => Promise<unknown>,
  directory = MIGRATIONS,
): Promise<void> {
  const db = new Database(databaseIn(folder), { timeout: 10_000 });
  try {
    await work(serviceFor(db, directory), db);
  } finally {
    db.close();
  }
}

export function serviceFor(database: Database.Database, directory = MIGRATIONS): MigrationService {
  const own = container.createChildContainer();
  registerDecant(own, { database, directory });
  return own.resolve(MigrationService);
}

/** A folder with a database from which cases begin, never written to, and what may be found after each. */
export interface Template {
  readonly folder: string;
  readonly reference: Reference;
}

/** Makes what kinds have in common, once. */
export class Workshop {
  readonly #root: string;
  readonly #templates = new Map<string, Promise<Template>>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Before all migrations, or after all. */
  template(journal: Journal, direction: Direction): Promise<Template> {
    const name = `${direction}-${journal}`;
    const made = this.#templates.get(name) ?? makeTemplate(join(this.#root, name), journal, direction);
    this.#templates.set(name, made);
    return made;
  }
}

async function makeTemplate(folder: string, journal: Journal, direction: Direction): Promise<Template> {
  mkdirSync(folder, { recursive: true });
  makeSubject(databaseIn(folder), journal);
  if (direction === 'down') await migrate(folder, (service) => service.up());
  return { folder, reference: await referenceFor(folder, direction) };
}

async function referenceFor(template: string, direction: Direction): Promise<Reference> {
  const states: State[] = [];
  const finals: State[] = [];
  const walk = `${template}-walk`;
  const again = `${template}-again`;
  copyProject(template, walk);
  const note = async (): Promise<void> => {
    states.push(stateOf(databaseIn(walk)));
    copyProject(walk, again);
    await migrate(again, (service) => service.up());
    finals.push(stateOf(databaseIn(again)));
  };
  await note();
  for (let left = readdirSync(MIGRATIONS).length; left > 0; left -= 1) {
    await migrate(walk, (service) => service[direction]({ steps: 1 }));
    await note();
  }
  return { states, finals };
}

export function copyProject(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
}

/**
 * Tells which of the reference states a database is in.
 * @throws Error when it is in none of them
 */
export function whichState(folder: string, { states }: Reference): number {
  const found = stateOf(databaseIn(folder));
  const index = states.findIndex((state) => differences(state, found).length === 0);
  if (index >= 0) return index;
  const closest = states
    .map((state, i) => ({ i, parts: differences(state, found) }))
    .toSorted((a, b) => a.parts.length - b.parts.length)[0];
  throw new Error(`neither old nor new: unlike state ${closest?.i} in ${closest?.parts.join(', ')}`);
}

/** Where in a run a state is. */
export function placeOf(index: number, { states }: Reference): string {
  if (index === 0) return 'old';
  return index === states.length - 1 ? 'new' : 'between two';
}

/** @throws Error unless the database is what an undisturbed `up` from state `index` makes of it */
export function expectFinal(folder: string, { finals }: Reference, index: number): void {
  const parts = differences(finals[index] as State, stateOf(databaseIn(folder)));
  if (parts.length > 0) throw new Error(`the next up gave something else in ${parts.join(', ')}`);
}

/** Has the CLI recover, migrate up, and compares what there is then with what it should be. */
export async function expectNextUp(
  folder: string,
  reference: Reference,
  index: number,
  directory = MIGRATIONS,
): Promise<void> {
  const { code, output } = await decant('up', folder, { directory }).finished;
  if (code !== 0) throw new Error(`the next up ended with ${code}:\n${output}`);
  expectFinal(folder, reference, index);
}

/** How the CLI ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Of both streams. */
  readonly output: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** The CLI has said what it works on, and begins. */
  readonly begun: Promise<unknown>;
  readonly finished: Promise<End>;
}

/** Starts the CLI on the database of a folder; `down` rolls back all. */
export function decant(
  command: Direction,
  folder: string,
  { directory = MIGRATIONS, env = {} }: { directory?: string; env?: Readonly<Record<string, string>> } = {},
): Running {
  const words = command === 'up' ? ['migrate:up'] : ['migrate:reset', '--yes'];
  const settings = ['--database', databaseIn(folder), '--dir', directory, '--lock-timeout', '60000'];
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [CLI, ...words, ...settings], {
    cwd: folder,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const finished = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    output,
  }));
  return { child, begun: Promise.race([once(child.stderr, 'data'), finished]), finished };
}

/**
 * What the CLI said was done must be so, and no more than that, but for the one that it was ended in.
 * @throws Error when it is not
 */
export function refuseFalseReport({ code, signal, output }: End, index: number, { states }: Reference): void {
  const said = output.match(/^✓ (?:Applied|Rolled back) \d/gm)?.length ?? 0;
  const most = signal === null ? said : said + 1;
  const isTrue = code === 0 ? index === states.length - 1 : index >= said && index <= most;
  if (!isTrue) throw new Error(`in state ${index} it ended with ${signal ?? code}, and said:\n${output}`);
}
