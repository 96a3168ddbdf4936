import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Kind } from '../kind.js';
import { databaseIn, migrate, start, UP } from '../acts.js';
import { copyProject, expectNextUp, whichState, type Reference } from '../project.js';
import type { Random } from '../random.js';
import { stateOf } from '../state.js';
import { JOURNALS, makeSubject } from '../subject.js';

const PROCESSES = 8;
const MIGRATIONS = 20;

/** Many processes migrate one file at once; in half of the cases one of them is killed. */
export const races: readonly Kind[] = JOURNALS.map((journal) => ({
  name: `${PROCESSES} processes race ${MIGRATIONS} migrations, ${journal}`,
  short: 1,
  long: 10,
  prepare: async (_workshop, folder) => {
    const directory = join(folder, 'migrations');
    const template = join(folder, 'template');
    mkdirSync(directory);
    mkdirSync(template);
    for (let i = 1; i <= MIGRATIONS; i += 1) writeFileSync(join(directory, nameOf(i)), textOf(i));
    makeSubject(databaseIn(template), journal);
    const alone = join(folder, 'alone');
    copyProject(template, alone);
    await migrate(alone, (service) => service.up(), directory);
    const final = stateOf(databaseIn(alone));
    const reference = { states: [final], finals: [final] };
    return { tryCase: (random, own) => race(random, own, { template, directory, reference }) };
  },
}));

const nameOf = (number: number): string => `${String(number).padStart(3, '0')}_step.mjs`;

// None bears to be run twice.
function textOf(number: number): string {
  const statements = [
    `ALTER TABLE tags ADD COLUMN added_${number} INTEGER DEFAULT ${number}`,
    `CREATE TABLE step_${number} AS SELECT id, name FROM users WHERE id % ${number + 1} = 0`,
    `INSERT INTO log VALUES ('step', ${number})`,
    `UPDATE users SET name = name || '.' WHERE id % 20 = ${number - 1}`,
  ];
  return `export const up = (db) => db.exec(\`${statements.join('; ')}\`);\nexport const down = () => {};\n`;
}

interface Course {
  readonly template: string;
  readonly directory: string;
  readonly reference: Reference;
}

async function race(
  random: Random,
  folder: string,
  { template, directory, reference }: Course,
): Promise<string> {
  const own = join(folder, 'project');
  copyProject(template, own);
  const act = { ...UP, words: ['migrate:up', '--dir', directory], directory };
  const racers = Array.from({ length: PROCESSES }, () => start(act, own));
  const victim = random.below(2) === 0 ? racers[0] : undefined;
  if (victim !== undefined) {
    await sleep(150 + random.below(900));
    victim.child.kill('SIGKILL');
  }
  const ends = await Promise.all(racers.map(({ finished }) => finished));
  const killed = ends[0]?.signal === 'SIGKILL';
  for (const { code, output } of ends.slice(killed ? 1 : 0)) {
    if (code !== 0) throw new Error(`one ended with ${code}:\n${output}`);
  }
  whichState(own, reference);
  refuseDoubles(own);
  await expectNextUp(own, { act, reference }, 0);
  return killed ? 'one killed' : 'all finished';
}

function refuseDoubles(folder: string): void {
  const db = new Database(databaseIn(folder), { readonly: true });
  const applied = db.prepare("SELECT name FROM _migrations_journal WHERE outcome = 'applied'").pluck().all();
  db.close();
  if (applied.length !== MIGRATIONS || new Set(applied).size !== MIGRATIONS) {
    throw new Error(`applied were ${applied.join(', ')}`);
  }
}
