import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import {
  Migration,
  type Database as Connection,
  type MigrationClass,
  type MigrationDefinition,
} from '../../src/domain/migration.js';
import type { Progress } from '../../src/domain/report.js';
import * as functions from '../../src/functions.js';
import type { MigrationService } from '../../src/services/migration-service.js';
import { openTwice, recordedIn, tablesOf } from '../helpers/database.js';
import { errorOf, rejectionOf } from '../helpers/errors.js';
import { makeFolder, printsOf } from '../helpers/files.js';
import { serviceFor, tableMigration, tableModule } from '../helpers/migrations.js';

let folder: string;
let db: Connection;
let other: Connection;

beforeEach(() => {
  ({ folder, db, other } = openTwice());
});

afterEach(() => {
  db.close();
  other.close();
});

/** A class that creates and drops the table that its name ends with. */
function tableClass(name: string, options: MigrationOptions = {}): MigrationClass {
  const { up, down } = tableMigration(name);
  @migration({ name, ...options })
  class Table extends Migration {
    up(handle: Connection): void {
      up(handle);
    }
    override down(handle: Connection): void {
      down?.(handle);
    }
  }
  return Table;
}

function service(migrations: readonly MigrationDefinition[], database = db): MigrationService {
  return serviceFor({ database, migrations, backup: 'never' });
}

const filesService = (files: Readonly<Record<string, string>>): [MigrationService, string] => {
  const directory = makeFolder(files);
  return [serviceFor({ database: db, directory, backup: 'never' }), directory];
};

/** Has another connection do something right before a step begins. */
const before =
  (index: number, rival: () => void) =>
  (progress: Progress): void => {
    if (progress.type === 'start' && progress.index === index) rival();
  };
const applyBy = (connection: Connection, name: string): void =>
  void connection.prepare('INSERT INTO _migrations (name) VALUES (?)').run(name);
const rollBackBy = (connection: Connection, name: string): void =>
  void connection.prepare('DELETE FROM _migrations WHERE name = ?').run(name);

const use = (...list: readonly MigrationDefinition[]): void =>
  void functions.migrations.splice(0, Infinity, ...(list as unknown as Migration[]));

const INDEX = JSON.stringify(join(import.meta.dirname, '../../src/index.js'));

/** A module with a class for a table, and what more its decorator says. */
function classModule(table: string, options = '', imports = ''): string {
  return `import { Migration, migration } from ${INDEX.replace(/\.js"$/, '.ts"')};
${imports}
export default class Table_${table} extends Migration {
  up(db) { db.exec('CREATE TABLE "${table}" (id INTEGER PRIMARY KEY)'); }
  down(db) { db.exec('DROP TABLE "${table}"'); }
}
migration({ ${options} })(Table_${table});
`;
}

const BOMB = 'throw new Error("was imported");';

describe('a list of classes that declare what they depend on', () => {
  const first = tableClass('001_a');
  const second = tableClass('002_b', { dependsOn: [first] });
  const third = tableClass('003_c', { dependsOn: ['001_a', '001_a'] });
  const all = [third, second, first];

  it('is applied in order, and one in the middle is rolled back and applied late', async () => {
    const { steps } = await service(all).plan('up');
    expect(steps.map((step) => step.dependsOn)).toEqual([undefined, ['001_a'], ['001_a']]);
    await service(all).up();
    const report = await service(all).down({ name: '002_b' });
    expect(report.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['002_b rolled-back']);
    expect(tablesOf(other)).toEqual(['a', 'c']);
    expect((await service(all).status()).anomalies).toEqual([]);
    expect((await service(all).up()).warnings).toEqual([]);
    expect(recordedIn(other)).toEqual(['001_a', '003_c', '002_b']);
  });

  it('is held back from rollback by those that depend on it, and by no other', async () => {
    const last = tableClass('004_d', { dependsOn: [third] });
    await service([...all, last]).up();
    expect(await rejectionOf(service([...all, last]).down({ name: '003_c' }))).toMatchObject({
      code: 'DECANT_LATER_MIGRATIONS',
      later: ['004_d'],
    });
    expect(await rejectionOf(service([...all, last]).plan('down', { name: '001_a' }))).toMatchObject({
      later: ['002_b', '003_c', '004_d'],
    });
  });

  it('finds a class that has no name of its own by what the list holds', async () => {
    class Bare extends Migration {
      up(): void {}
    }
    const lost = tableClass('002_b', { dependsOn: [Bare] });
    expect(await rejectionOf(service([first, lost]).up())).toMatchObject({
      code: 'DECANT_DEPENDENCY',
      message: 'Dependencies: 002_b → class Bare leads to no migration.',
    });
    expect(tablesOf(other)).toEqual([]);
  });
});

describe('files that declare what they depend on', () => {
  const FILES = {
    '001_a.ts': classModule('a'),
    '002_b.ts': classModule('b', 'dependsOn: [A]', `import A from './001_a.ts';`),
    '003_c.ts': classModule('c', `dependsOn: ['001_a']`),
  };

  it('name a class by importing it, whether or not its file is planned', async () => {
    const [files] = filesService(FILES);
    await files.up({ to: '001_a' });
    const { steps } = await files.plan('up', { to: '002_b' });
    expect(steps).toEqual([{ name: '002_b', direction: 'up', reason: 'pending', dependsOn: ['001_a'] }]);
    await files.up();
    expect((await files.down({ name: '002_b' })).steps).toHaveLength(1);
    expect(recordedIn(other)).toEqual(['001_a', '003_c']);
  });

  it('name a class whose file alone is imported, or at least looked for past those that cannot be', async () => {
    const [files, directory] = filesService(FILES);
    await files.up({ to: '002_b' });
    writeFileSync(join(directory, '002_b.ts'), BOMB);
    writeFileSync(join(directory, '003_c.ts'), FILES['002_b.ts'].replaceAll('Table_b', 'Table_c'));
    const lenient = serviceFor({ database: db, directory, changed: 'allow', backup: 'never' });
    expect((await lenient.plan('up')).steps).toMatchObject([{ name: '003_c', dependsOn: ['001_a'] }]);
    writeFileSync(join(directory, '000_first.mjs'), BOMB);
    const { anomalies } = await lenient.status();
    expect(anomalies.map(({ kind, name }) => `${kind} ${name}`)).toContain('out-of-order 000_first');
  });

  it('are imported one by one until the class is found, and no further', async () => {
    const [files, directory] = filesService({ '000_log.mjs': tableModule('log'), ...FILES });
    await files.up({ to: '001_a' });
    const log = join(directory, 'log.txt');
    const loud = `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(log)}, '');\n`;
    writeFileSync(join(directory, '000_log.mjs'), loud + tableModule('log'));
    const lenient = serviceFor({ database: db, directory, changed: 'allow', backup: 'never' });
    expect((await lenient.plan('up')).steps).toHaveLength(2);
    expect(existsSync(log)).toBe(false);
  });

  it('show the path of a circle, loading what it leads to', async () => {
    const [files] = filesService({
      '001_a.mjs': tableModule('a'),
      '003_c.ts': classModule('c', `dependsOn: ['005_e']`),
      '005_e.ts': classModule('e', `dependsOn: ['003_c']`),
    });
    const prints = printsOf(folder);
    for (const options of [{}, { to: '003_c' }]) {
      expect(await rejectionOf(files.up(options))).toMatchObject({
        code: 'DECANT_DEPENDENCY',
        message: 'Dependencies: 003_c → 005_e → 003_c is a circle.',
      });
    }
    expect(printsOf(folder)).toEqual(prints);
  });

  it('are not imported to roll back by order, or the last by name', async () => {
    const [files, directory] = filesService(FILES);
    await files.up();
    writeFileSync(join(directory, '001_a.ts'), BOMB);
    writeFileSync(join(directory, '002_b.ts'), BOMB);
    expect((await files.plan('down', { name: '003_c' })).steps).toHaveLength(1);
    expect((await files.plan('down')).steps).toHaveLength(1);
  });

  it('are imported by status only when they are late: it then says what up would do', async () => {
    const [files, directory] = filesService({ '020_b.ts': FILES['003_c.ts'], '030_c.mjs': BOMB });
    writeFileSync(join(directory, '001_a.mjs'), tableModule('a'));
    await files.up({ to: '020_b' });
    expect((await files.status()).anomalies).toEqual([]);
    writeFileSync(join(directory, '002_late.ts'), classModule('late', `dependsOn: ['001_a']`));
    expect((await files.status()).anomalies).toEqual([]);
    writeFileSync(join(directory, '003_c.mjs'), tableModule('c'));
    writeFileSync(join(directory, '004_d.mjs'), BOMB);
    const { anomalies } = await files.status();
    expect(anomalies.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'out-of-order 003_c',
      'out-of-order 004_d',
    ]);
  });
});

describe('under the write lock', () => {
  const first = tableClass('001_a');
  const second = tableClass('002_b', { dependsOn: [] });
  const third = tableClass('003_c', { dependsOn: ['001_a'] });
  const all = [first, second, third];

  it('one whose dependency another has rolled back meanwhile is not applied', async () => {
    await service(all).up({ to: '001_a' });
    const onProgress = before(1, () => rollBackBy(other, '001_a'));
    expect(await rejectionOf(service(all).up({ onProgress }))).toMatchObject({
      code: 'DECANT_OVERTAKEN',
      message: expect.stringContaining('003_c was not applied: 001_a, which it comes after'),
    });
    expect(tablesOf(other)).toEqual(['a', 'b']);
  });

  it('one that depends on nothing goes on, whatever others have applied or rolled back', async () => {
    await service(all).up({ to: '001_a' });
    const onProgress = before(0, () => {
      rollBackBy(other, '001_a');
      applyBy(other, '009_z');
    });
    const missing = serviceFor({ database: db, migrations: all, backup: 'never', missing: 'allow' });
    expect((await missing.up({ to: '002_b', onProgress })).steps).toHaveLength(1);
    expect(tablesOf(other)).toEqual(['a', 'b']);
  });

  it('a rollback out of the middle is refused when another has applied one that was not planned to stay', async () => {
    await service(all).up();
    const onProgress = before(0, () => applyBy(other, '009_z'));
    expect(await rejectionOf(service(all).down({ name: '002_b', onProgress }))).toMatchObject({
      code: 'DECANT_LATER_MIGRATIONS',
      later: ['009_z'],
    });
    expect(tablesOf(other)).toEqual(['a', 'b', 'c']);
    rollBackBy(other, '009_z');
    const gone = before(0, () => rollBackBy(other, '003_c'));
    expect((await service(all).down({ name: '002_b', onProgress: gone })).steps).toHaveLength(1);
    expect(tablesOf(other)).toEqual(['a', 'c']);
  });

  it('two that race, one up and one down of what it depends on, leave what fits together', async () => {
    const base = tableClass('001_a', { dependsOn: [] });
    const builtOn = tableClass('003_c', { dependsOn: [base] });
    const both = [base, builtOn];
    await service(both).up({ to: '001_a' });
    const rival = service(both, other);
    const plan = await rival.plan('down', { name: '001_a' });
    expect(plan.steps).toHaveLength(1);
    const onPlan = async (): Promise<void> => void (await service(both).up());
    expect(await rejectionOf(rival.down({ name: '001_a', onPlan }))).toMatchObject({
      code: 'DECANT_LATER_MIGRATIONS',
      later: ['003_c'],
    });
    expect(recordedIn(other)).toEqual(['001_a', '003_c']);
  });
});

describe('the synchronous functions', () => {
  const builtIn = [...functions.migrations];
  afterEach(() => use(...(builtIn as unknown as MigrationDefinition[])));

  it('follow what is declared', () => {
    const first = tableClass('001_a');
    use(first, tableClass('002_b', { dependsOn: [] }), tableClass('003_c', { dependsOn: [first] }));
    expect(functions.runPendingMigrations(db)).toEqual(['001_a', '002_b', '003_c']);
    expect(functions.rollbackMigration(db, '002_b')).toBe(true);
    expect(errorOf(() => functions.rollbackMigration(db, '001_a'))).toMatchObject({ later: ['003_c'] });
    expect(functions.rollbackAllMigrations(db)).toEqual(['003_c', '001_a']);
  });

  it('refuse what cannot be followed, and still tell the status', () => {
    use(tableClass('001_a', { dependsOn: ['002_b'] }), tableClass('002_b'));
    expect(errorOf(() => functions.runPendingMigrations(db))).toMatchObject({
      code: 'DECANT_DEPENDENCY',
      kind: 'later',
    });
    expect(tablesOf(other)).toEqual([]);
    expect(functions.getMigrationStatus(db)).toHaveLength(2);
  });
});
