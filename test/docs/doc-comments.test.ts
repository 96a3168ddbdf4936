import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Workshop } from '../helpers/examples.js';
import { putFile } from '../helpers/files.js';
import { ROOT } from '../helpers/processes.js';

const workshop = new Workshop();
const examples = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) => examplesOf(file, readFileSync(join(ROOT, 'src', file), 'utf8')));

// What an example may use without importing it.
const PREAMBLE = `
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import {
  Migration, migration, MigrationHooks, MigrationService, registerDecant, ReversibleMigration, type Database,
  type FinishedStep, type ReversibleSchema,
} from 'decant';
import { verifyMigrations } from 'decant/testing';
import { container } from 'tsyringe';
import { compareNames } from '${join(ROOT, 'src/domain/name.ts')}';
`;

// Where an example takes a database with a table for granted: the columns of that table.
const USERS: readonly (readonly [call: string, columns: string])[] = [
  ['alterTable(', 'id INTEGER PRIMARY KEY, legacy, age TEXT, email TEXT'],
  ['alterTableSql(', 'id INTEGER PRIMARY KEY, mail TEXT'],
  ['batch(', 'id INTEGER PRIMARY KEY, email, slug'],
  ['rebuildTable(', 'id INTEGER PRIMARY KEY, first TEXT, last TEXT'],
];

function preambleOf(text: string): string {
  const [call, columns] = USERS.find(([each]) => text.includes(each)) ?? [];
  if (call === undefined) return PREAMBLE;
  return `import Connection from 'better-sqlite3';
import { ${call.slice(0, -1)} } from 'decant';
const db = new Connection(':memory:');
db.exec('CREATE TABLE users (${columns})');
`;
}

describe('The examples of the doc comments', () => {
  it('are found', () => {
    expect(examples.map(({ file }) => file).toSorted()).toEqual(
      expect.arrayContaining([
        'container.ts',
        'domain/decorator.ts',
        'domain/migration.ts',
        'domain/name.ts',
      ]),
    );
  });

  it.each(examples)('src/$file:$line runs', ({ text }) => {
    const folder = workshop.project();
    mkdirSync(join(folder, 'migrations'), { recursive: true });
    const isMigration = text.includes('export default');
    putFile(folder, isMigration ? 'migrations/001_example.ts' : 'example.ts', preambleOf(text) + text);
    const command = isMigration
      ? 'decant migrate:up --database app.db --dir migrations && decant migrate:reset --yes --database app.db --dir migrations'
      : 'node --import decant/register example.ts';
    const { code, output } = workshop.run(command, folder);
    expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
  });
});

function examplesOf(file: string, source: string): readonly { file: string; line: number; text: string }[] {
  return [...source.matchAll(/^ *\* @example\n((?: *\* (?!@).*\n| *\*\n)+)/gm)].map((match) => ({
    file,
    line: source.slice(0, match.index).split('\n').length,
    text: runnable(match[1] ?? ''),
  }));
}

// `value; // what it is, or its items` is a claim; `{ … }` is a class body that says nothing here.
function runnable(comment: string): string {
  return comment
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll('\\@', '@')
    .replaceAll('{ … }', '{ up() {} }')
    .replaceAll(/^(.*); \/\/ (.*)$/gm, "assert.equal([$1].flat().join(', '), '$2');");
}
