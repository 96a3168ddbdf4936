import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { makeFolder } from './helpers/files.js';
import { resultOf, ROOT, runNode } from './helpers/processes.js';

// What `npm publish` would hand out, as another program sees it: lib/, by the package's own name.
const VALUES = [
  'AlterTableError',
  'Archives',
  'AsyncMigrationError',
  'BackupError',
  'Backups',
  'BatchError',
  'BodyError',
  'ChangedMigrationError',
  'ConfigError',
  'ConfirmationRequiredError',
  'DatabaseError',
  'DatabaseLockedError',
  'DeadHandleError',
  'DecantError',
  'DeclinedError',
  'DependencyError',
  'DiskSpaceError',
  'DryRuns',
  'DuplicateMigrationError',
  'EXIT',
  'ForeignKeyError',
  'HalfDoneError',
  'HookError',
  'InjectionError',
  'InvalidMigrationError',
  'IrreversibleMigrationError',
  'LaterMigrationsError',
  'Migration',
  'MigrationFactory',
  'MigrationFailedError',
  'MigrationHookError',
  'MigrationHooks',
  'MigrationRepository',
  'MigrationService',
  'MigrationSource',
  'MissingMigrationError',
  'NewerDatabaseError',
  'NotAppliedError',
  'NotRecordedError',
  'OutOfOrderError',
  'OvertakenError',
  'PausedError',
  'PrerequisiteError',
  'ReversibleError',
  'ReversibleMigration',
  'SourceError',
  'TransactionEndedError',
  'TransactionManager',
  'UndeclaredLossError',
  'UnexpectedError',
  'UnknownBackupError',
  'UnknownMigrationError',
  'UsageError',
  'alterTable',
  'alterTableSql',
  'batch',
  'closeDatabase',
  'defineConfig',
  'ensureMigrationsTable',
  'getAppliedMigrations',
  'getDatabase',
  'getDatabaseMigrationStatus',
  'getDatabasePath',
  'getMigrationStatus',
  'getPendingMigrations',
  'initializeDatabase',
  'inject',
  'injectable',
  'migration',
  'migrations',
  'rebuildTable',
  'registerDecant',
  'rollbackAllMigrations',
  'rollbackMigration',
  'runPendingMigrations',
];

const LIB = join(ROOT, 'lib');
const code = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js'))
  .map((file) => readFileSync(join(LIB, file), 'utf8'))
  .join('\n');
// esbuild names in the code the files that it has taken it from.
const BUNDLED = /(?:"|\/\/ )(?:[^"\n]*\/)?node_modules\/((?:@[^/"\n]+\/)?[^/"\n]+)\//g;
const bundled = [...new Set(Array.from(code.matchAll(BUNDLED), ([, name]) => name))];
const notices = readFileSync(join(LIB, 'licenses.txt'), 'utf8');
const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

describe('what the build bundles', () => {
  it('has a notice in lib/licenses.txt', () => {
    expect(bundled).toEqual(expect.arrayContaining(['@oclif/core', 'ansi-regex', 'diff', 'sqlite3-parser']));
    expect(bundled.filter((name) => !notices.includes(`\n\n${name} `))).toEqual([]);
    expect(notices).toContain('Copyright (c) 2018 Salesforce.com');
  });

  it.each(Object.keys(dependencies).filter((name) => !name.startsWith('@types/')))(
    'leaves out %s, which is installed',
    (name) => {
      const loaded = new RegExp(`(?:\\bfrom |\\bimport |\\bimport\\(|\\brequire[\\w.]*\\()["']${name}["'/]`);
      expect(code).toMatch(loaded);
    },
  );
});

describe('the package', () => {
  it("gives the same to import 'decant' and to require('decant')", async () => {
    const script = `import { createRequire } from 'node:module';
      import * as imported from 'decant';
      const required = createRequire(process.cwd() + '/x.js')('decant');
      const names = (exports) => Object.keys(exports).filter((name) => name !== '__esModule').sort();
      console.log(JSON.stringify([names(imported), names(required), imported.Migration === required.Migration]));`;
    expect(await resultOf(script)).toEqual([VALUES, VALUES, true]);
  });

  it('works from CommonJS, without a warning', async () => {
    const script = `const Database = require('better-sqlite3');
      const { runPendingMigrations, getMigrationStatus } = require('decant');
      const db = new Database(':memory:');
      runPendingMigrations(db);
      console.log(getMigrationStatus(db).filter(({ applied }) => applied).length);`;
    expect(await runNode(['--input-type=commonjs', '-e', script])).toMatchObject({
      code: 0,
      stdout: '2\n',
      stderr: '',
    });
  });

  it('has decant/testing and decant/register, and nothing else to reach into', async () => {
    const script = `const testing = Object.keys(await import('decant/testing')).sort();
      const register = Object.keys(await import('decant/register'));
      const inner = await import('decant/lib/index.js').then(() => 'open', (error) => error.code);
      const { default: manifest } = await import('decant/package.json', { with: { type: 'json' } });
      console.log(JSON.stringify({ testing, register, inner, name: manifest.name }));`;
    expect(await resultOf(script)).toEqual({
      testing: [
        'InMemoryMigrationRepository',
        'InMemoryTransactionManager',
        'describeMigrations',
        'verifyMigrations',
      ],
      register: [],
      inner: 'ERR_PACKAGE_PATH_NOT_EXPORTED',
      name: 'decant',
    });
  });

  it('lets its errors be told apart by class and by code', async () => {
    const script = `import Database from 'better-sqlite3';
      import { DecantError, MigrationFailedError, migrations, runPendingMigrations } from 'decant';
      migrations.splice(0, 2, { name: '001_x', up() { throw new Error('mine'); }, down() {} });
      try { runPendingMigrations(new Database(':memory:')); } catch (error) {
        console.log(JSON.stringify([
          error instanceof Error, error instanceof DecantError, error instanceof MigrationFailedError, error.name, error.code,
        ]));
      }`;
    expect(await resultOf(script)).toEqual([
      true,
      true,
      true,
      'MigrationFailedError',
      'DECANT_MIGRATION_FAILED',
    ]);
  });

  it("runs a .ts migration with injection by type in plain node, by import 'decant/register'", async () => {
    const folder = makeFolder({
      '001_x.ts': `import { injectable, migration, Migration, type Database } from 'decant';
        @injectable()
        class Namer { name(): string { return 'by_type'; } }
        @migration()
        export default class X extends Migration {
          constructor(private readonly namer: Namer) { super(); }
          up(db: Database): void { db.exec(\`CREATE TABLE \${this.namer.name()} (x)\`); }
        }`,
    });
    const script = `import 'decant/register';
      import Database from 'better-sqlite3';
      import { MigrationService, registerDecant } from 'decant';
      import { container } from 'tsyringe';
      const database = new Database(':memory:');
      registerDecant(container, { database, directory: ${JSON.stringify(folder)} });
      await container.resolve(MigrationService).up();
      console.log(JSON.stringify(database.prepare("SELECT name FROM sqlite_schema WHERE name = 'by_type'").pluck().all()));`;
    expect(await resultOf(script)).toEqual(['by_type']);
  });

  it('ships declarations for everything that it exports', () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      exports: Record<string, string | { types: string; default: string }>;
    };
    const entries = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    );
    expect(entries).toContain('./lib/index.d.ts');
    for (const entry of entries) expect(readFileSync(join(ROOT, entry), 'utf8')).not.toBe('');
  });
});
