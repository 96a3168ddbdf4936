import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import Up from '../../src/commands/migrate/up.js';
import Verify from '../../src/commands/migrate/verify.js';
import { jsonOf, runCommand } from '../helpers/command.js';
import { makeFolder, printsOf, putFile } from '../helpers/files.js';
import { tableModule } from '../helpers/migrations.js';

function project(): { folder: string; flags: readonly string[] } {
  const folder = makeFolder({
    'migrations/001_users.mjs': `export const up = (db) => db.exec("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users (name) VALUES ('a'), ('b')");
      export const down = (db) => db.exec('DROP TABLE users');`,
  });
  return { folder, flags: ['-d', `${folder}/app.db`, '--dir', `${folder}/migrations`] };
}

const MORE = {
  'migrations/002_loses.mjs': `export const up = (db) => db.exec('ALTER TABLE users DROP COLUMN name');
    export const down = (db) => db.exec('ALTER TABLE users ADD COLUMN name TEXT');`,
  'migrations/003_forgets.mjs': `export const up = (db) => db.exec('ALTER TABLE users ADD COLUMN age INT');
    export const down = (db) => {};`,
  'migrations/004_only_up.mjs': `export const up = (db) => db.exec('CREATE TABLE only_up (a)');`,
  'migrations/005_posts.mjs': tableModule('posts'),
};

describe('migrate:verify', () => {
  it('gives each pending migration its verdict, says why, and ends with 1 when one is broken', async () => {
    const { folder, flags } = project();
    await runCommand(Up, flags);
    for (const [path, text] of Object.entries(MORE)) putFile(folder, path, text);
    const before = printsOf(folder);
    const { stdout, exit } = await runCommand(Verify, flags);
    expect(stdout).toBe(`! lossy         002_loses
    users.name: 2 rows with another value
✗ broken        003_forgets
    after the down, the schema is not what it was before:
      @@ -1,3 +1,4 @@
       CREATE TABLE users (
      -  id INTEGER PRIMARY KEY
      +  id INTEGER PRIMARY KEY,
      +  age INT
       );
    second up failed: Migration 003_forgets (003_forgets.mjs:1) failed: duplicate column name: age
      Mend the migration and run the verification again.
- irreversible  004_only_up
    it has no down()
✓ exact         005_posts
Verified: 1 exact, 1 lossy, 1 irreversible, 1 broken.
`);
    expect([exit, process.exitCode]).toEqual([undefined, 1]);
    process.exitCode = 0;
    expect(printsOf(folder)).toEqual(before);
  });

  it('says that nothing is pending, and what else can be verified', async () => {
    const { flags } = project();
    await runCommand(Up, flags);
    expect((await runCommand(Verify, flags)).stdout).toMatch(/^Nothing is pending\. --applied .* --empty/);
  });

  it('says that there is no database at the path, and makes none', async () => {
    const { folder, flags } = project();
    const nope = `${folder}/nope/app.db`;
    const argv = ['-d', nope, ...flags.slice(2)];
    const warning = `There is no database at ${nope}: an empty one was taken instead.`;
    const { stdout } = await runCommand(Verify, argv);
    expect(stdout).toBe(`✓ exact         001_users\nVerified: 1 exact.\n! ${warning}\n`);
    expect(jsonOf(await runCommand(Verify, [...argv, '--json']))).toMatchObject({
      database: nope,
      warnings: [warning],
    });
    expect((await runCommand(Verify, [...argv, '--applied'])).stdout).toContain(warning);
    expect(existsSync(`${folder}/nope`)).toBe(false);
    expect(jsonOf(await runCommand(Verify, [...argv, '--empty', '--json']))).toMatchObject({
      database: null,
      warnings: [],
    });
  });

  it('verifies all from nothing by --empty, and what is applied by --applied', async () => {
    const { folder, flags } = project();
    await runCommand(Up, flags);
    const before = printsOf(folder);
    const empty = jsonOf(await runCommand(Verify, [...flags, '--empty', '--json']));
    expect(empty).toMatchObject({ mode: 'empty', migrations: [{ name: '001_users', verdict: 'exact' }] });
    const applied = await runCommand(Verify, [...flags, '--applied']);
    expect(applied.stdout).toBe('✓ exact         001_users\nVerified: 1 exact.\n');
    expect(printsOf(folder)).toEqual(before);
  });
});
