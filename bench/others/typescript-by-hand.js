// The least that runs .ts migrations without a build: @swc/core on each, import, and the bare loop.
import { readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import Database from 'better-sqlite3';
import { transformSync } from '@swc/core';
import { configure } from '../workload.js';

registerHooks({
  load(url, context, nextLoad) {
    if (!url.endsWith('.ts')) return nextLoad(url, context);
    const source = transformSync(readFileSync(fileURLToPath(url), 'utf8'), {
      module: { type: 'es6' },
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    }).code;
    return { format: 'module', shortCircuit: true, source };
  },
});

export function open({ file, directory }) {
  const db = configure(new Database(file));
  return { up: () => up(db, directory), close: () => db.close() };
}

async function up(db, directory) {
  db.exec('CREATE TABLE _migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL)');
  const [begin, commit] = [db.prepare('BEGIN IMMEDIATE'), db.prepare('COMMIT')];
  const record = db.prepare('INSERT INTO _migrations (name) VALUES (?)');
  const loaded = [];
  for (const name of readdirSync(directory).toSorted()) {
    const { default: OneTable } = await import(pathToFileURL(join(directory, name)).href);
    loaded.push([basename(name, '.ts'), new OneTable()]);
  }
  for (const [name, migration] of loaded) {
    begin.run();
    migration.up(db);
    record.run(name);
    commit.run();
  }
}
