import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import { makeFolder } from '../helpers/files.js';
import { serviceFor } from '../helpers/migrations.js';
import { decant } from '../helpers/processes.js';

// The schema needs a function of the application: in an index, a generated column, and a foreign key's child.
const SCHEMA = `
  CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT, slug TEXT AS (slugged(title)) STORED UNIQUE);
  CREATE TABLE links (slug TEXT REFERENCES posts (slug));
  CREATE INDEX links_slug ON links (slugged(slug));
  INSERT INTO posts (title) VALUES ('Hello World');
  INSERT INTO links VALUES ('hello-world');
`;
const MIGRATION = `export const up = (db) => db.exec("INSERT INTO posts (title) VALUES ('Two Words'); INSERT INTO links VALUES ('two-words')");
export const down = (db) => db.exec("DELETE FROM links WHERE slug = 'two-words'; DELETE FROM posts WHERE slug = 'two-words'");
`;
const SLUGGED = "(text) => String(text).toLowerCase().replaceAll(' ', '-')";

function configure(db: Connection): void {
  db.function('slugged', { deterministic: true }, (text) => String(text).toLowerCase().replaceAll(' ', '-'));
}

function projectWith(config: string): string {
  const folder = makeFolder({ 'decant.config.mjs': config, 'migrations/001_two.mjs': MIGRATION });
  const db = new Database(join(folder, 'app.db'));
  db.pragma('journal_mode = WAL');
  configure(db);
  db.exec(SCHEMA);
  db.close();
  return folder;
}

const BASE = "database: 'app.db', directory: 'migrations'";

describe('R32: a schema that needs a function of the application', () => {
  it('is migrated, backed up, rolled back and restored by the CLI, with configureConnection in its config', async () => {
    const folder = projectWith(
      `export default { ${BASE}, configureConnection: (db) => db.function('slugged', { deterministic: true }, ${SLUGGED}) };`,
    );
    for (const args of [['migrate:up'], ['migrate:status'], ['migrate:down'], ['migrate:restore', '--yes']]) {
      expect(await decant(args, { cwd: folder })).toMatchObject({ code: 0 });
    }
  });

  it('is migrated by a service of an application, with the same hook', async () => {
    const folder = projectWith('export default {};');
    const options = {
      path: join(folder, 'app.db'),
      directory: join(folder, 'migrations'),
      configureConnection: configure,
    };
    const report = await serviceFor(options).up();
    expect(report.steps.map(({ outcome }) => outcome)).toEqual(['applied']);
    expect(report.backup).not.toBeNull();
  });

  it('is refused in one sentence that names the hook, where there is none', async () => {
    const folder = projectWith(`export default { ${BASE} };`);
    const { code, stderr } = await decant(['migrate:up'], { cwd: folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/(?:no such|unknown) function: slugged/);
    expect(stderr).toContain('configureConnection');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
