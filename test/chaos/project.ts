import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { databaseIn, finish, migrate, backupsIn, type Act } from './acts.js';
import type { End } from './processes.js';
import { differences, stateOf, type State } from './state.js';
import { makeSubject, type Journal } from './subject.js';

/** Undisturbed: what the database is after each step of an act, and what the next `up` makes of each of these. */
export interface Reference {
  readonly states: readonly State[];
  readonly finals: readonly State[];
}

/** A folder with a database in which an act begins, never written to, and what may be found after it. */
export interface Template {
  readonly act: Act;
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

  template(act: Act, journal: Journal): Promise<Template> {
    const name = `${act.name}, ${journal}`;
    const made = this.#templates.get(name) ?? makeTemplate(join(this.#root, name), act, journal);
    this.#templates.set(name, made);
    return made;
  }
}

async function makeTemplate(root: string, act: Act, journal: Journal): Promise<Template> {
  const [folder, walk, again] = ['begin', 'walk', 'again'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(folder, { recursive: true });
  makeSubject(databaseIn(folder), journal);
  await act.begin(folder);
  copyProject(folder, walk);
  const states: State[] = [];
  const finals: State[] = [];
  const note = async (): Promise<void> => {
    states.push(stateOf(databaseIn(walk)));
    rmSync(again, { recursive: true, force: true });
    copyProject(walk, again);
    await migrate(again, (service) => service.up(), act.directory);
    finals.push(stateOf(databaseIn(again)));
  };
  await note();
  await act.walk(walk, note);
  return { act, folder, reference: { states, finals } };
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

/**
 * Looks at what a disturbed act has left, as it left it, with a hot journal or a WAL: SQLite recovers one copy of it
 * and Decant another.
 * @returns where in the act the disaster struck
 * @throws Error when the database is neither old nor new, or the next up does not go on from there
 */
export async function judge(template: Template, left: string, end: End): Promise<string> {
  const { reference } = template;
  const next = `${left}-next`;
  copyProject(left, next);
  const index = whichState(left, reference);
  refuseFalseReport(end, index, reference);
  refuseLostBackup(template.act, backupsIn(left, reference.states), end.code === 0 || index > 0);
  await expectNextUp(next, template, index);
  return placeOf(index, reference);
}

// What was changed must have been backed up before.
function refuseLostBackup({ words, keeps }: Act, backups: ReadonlySet<number>, isChanged: boolean): void {
  const backsUp = !words.includes('--no-backup');
  if (backsUp && isChanged && !backups.has(0)) throw new Error('there is no backup of what was before');
  if (keeps !== undefined && !backups.has(keeps)) throw new Error('the backup is gone');
}

/** Where in an act a state is. */
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
  { act, reference }: Pick<Template, 'act' | 'reference'>,
  index: number,
): Promise<void> {
  await finish({ ...act, name: 'the next up', words: ['migrate:up', '--dir', act.directory] }, folder);
  expectFinal(folder, reference, index);
}

// What the CLI said was done must be so, and no more than that, but for the one that it was ended in.
function refuseFalseReport({ code, signal, output }: End, index: number, { states }: Reference): void {
  const said = [...output.matchAll(/^✓ (?:Applied|Rolled back) \d/gm)].length;
  // Nor can SQLite tell whether a commit lasts that it has written and of which the disk then reports an error.
  const isUnknown = signal !== null || output.includes('disk I/O error');
  const most = isUnknown ? said + 1 : said;
  const isTrue = code === 0 ? index === states.length - 1 : index >= said && index <= most;
  const isRolledBack = !output.includes('Rolled back  not all');
  if (isTrue && isRolledBack) return;
  throw new Error(`in state ${index} it ended with ${signal ?? code}, and said:\n${output}`);
}
