import { afterEach, describe, expect, it } from '@jest/globals';
import { alterTable } from '../../src/sqlite/alter-table.js';
import type { TableBuilder } from '../../src/sqlite/table-builder.js';
import { contentOf, healthOf, picture, torture, type Handle, type Picture } from './torture.js';

let db: Handle | undefined;

afterEach(() => {
  db?.close();
  db = undefined;
});

const REBUILT = (sql: string): string =>
  sql.replace('TABLE users (', 'TABLE "users" (').replace(/users\.age </, 'age <');

type Change = (table: TableBuilder) => void;

/** Each operation, and what it makes of the text of the table. */
const OPERATIONS: readonly (readonly [
  name: string,
  change: Change,
  path: 'native' | 'rebuild',
  edit: (sql: string) => string,
  stale?: readonly string[],
])[] = [
  [
    'setDefault',
    (t) => t.setDefault('age', 3),
    'rebuild',
    (s) => s.replace('(age >= 0)', '(age >= 0) DEFAULT 3'),
  ],
  [
    'setDefault to an expression',
    (t) => t.setDefault('made', { sql: "datetime('now')" }),
    'rebuild',
    (s) => s.replace('DEFAULT CURRENT_TIMESTAMP NOT', "DEFAULT (datetime('now')) NOT"),
  ],
  ['dropDefault', (t) => t.dropDefault('legacy'), 'rebuild', (s) => s.replace(" DEFAULT 'old'", '')],
  [
    'setType',
    (t) => t.setType('age', 'INTEGER'),
    'rebuild',
    (s) => s.replace('age INT CHECK', 'age INTEGER CHECK'),
  ],
  [
    'setType of none',
    (t) => t.setType('anything', 'BLOB'),
    'rebuild',
    (s) => s.replace('  anything,', '  anything BLOB,'),
  ],
  [
    'setCollate',
    (t) => t.setCollate('legacy', 'RTRIM'),
    'rebuild',
    (s) => s.replace("'old' --", `'old' COLLATE "RTRIM" --`),
  ],
  [
    'dropCollate',
    (t) => t.dropCollate('email'),
    'rebuild',
    (s) => s.replace(' COLLATE NOCASE', ''),
    ['by_low', 'sqlite_autoindex_users_1'],
  ],
  [
    'setNotNull',
    (t) => t.setNotNull('id'),
    'native',
    (s) => s.replace('AUTOINCREMENT', 'AUTOINCREMENT NOT NULL'),
  ],
  [
    'dropNotNull',
    (t) => t.dropNotNull('made'),
    'rebuild',
    (s) => s.replace('CURRENT_TIMESTAMP NOT NULL', 'CURRENT_TIMESTAMP'),
  ],
  [
    'addCheck',
    (t) => t.addCheck('id > 0', { name: 'positive' }),
    'native',
    (s) => s.replace(/\n\)$/, '\n, CONSTRAINT "positive" CHECK (id > 0))'),
  ],
  [
    'dropCheck by name',
    (t) => t.dropCheck('grown'),
    'rebuild',
    (s) => s.replace(/,\n {2}CONSTRAINT grown CHECK \(.*?\)(?=,)/, ''),
  ],
  [
    'dropCheck by its text',
    (t) => t.dropCheck({ sql: "anything IS not  'bad'" }),
    'rebuild',
    (s) => s.replace(/,\n {2}CHECK \(anything.*\)/, ''),
  ],
  [
    'addUnique',
    (t) => t.addUnique(['email', 'age']),
    'rebuild',
    (s) => s.replace("'bad')", `'bad'), UNIQUE ("email", "age")`),
  ],
  [
    'addForeignKey',
    (t) =>
      t.addForeignKey({
        columns: ['boss'],
        references: 'users',
        to: ['id'],
        onDelete: 'SET NULL',
        deferrable: 'INITIALLY DEFERRED',
      }),
    'rebuild',
    (s) =>
      s.replace(
        "'bad')",
        `'bad'), FOREIGN KEY ("boss") REFERENCES "users" ("id") ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED`,
      ),
  ],
  [
    'dropForeignKey by name',
    (t) => t.dropForeignKey('of_team'),
    'rebuild',
    (s) => s.replace(/ CONSTRAINT of_team .*DEFERRED/, ''),
  ],
  [
    'dropForeignKey by columns',
    (t) => t.dropForeignKey(['boss']),
    'rebuild',
    (s) => s.replace(' REFERENCES users (id)', ''),
  ],
  [
    'setAutoincrement on',
    (t) => t.setAutoincrement('off').setAutoincrement('on').setDefault('age', 1),
    'rebuild',
    (s) => s.replace('(age >= 0)', '(age >= 0) DEFAULT 1'),
  ],
  [
    'dropGenerated and its like again',
    (t) =>
      t
        .dropGenerated('age_next')
        .setGenerated('age_next', 'age + 1', { kind: 'STORED' })
        .setDefault('age', 1),
    'rebuild',
    (s) => s.replace('(age >= 0)', '(age >= 0) DEFAULT 1'),
  ],
];

function withoutStatistics(tables: Picture['tables'], indexes: readonly string[]): Picture['tables'] {
  const names = indexes.map((name) => Buffer.from(name).toString('hex').toUpperCase());
  return Object.fromEntries(
    Object.entries(tables).map(([table, rows]) => [
      table,
      table.startsWith('sqlite_stat')
        ? rows.filter((row) => !names.some((name) => row.includes(name)))
        : rows,
    ]),
  );
}

describe('alterTable on the torture table', () => {
  it.each(OPERATIONS)(
    '%s keeps all that it is not about (R1, R5, R8 to R20)',
    (_name, change, path, edit, stale = []) => {
      db = torture();
      const before = picture(db);
      const health = healthOf(db);
      const receipt = alterTable(db, 'users', change);
      expect(receipt.path).toBe(path);
      const after = picture(db);
      const expected = before.schema.map((each) => ({
        ...each,
        sql:
          each.name === 'users'
            ? edit(path === 'rebuild' ? REBUILT(each.sql ?? '') : (each.sql ?? ''))
            : each.sql,
      }));
      const known = after.schema.filter(({ name }) => name !== 'sqlite_autoindex_users_2');
      expect(known).toEqual(expected);
      expect(after.tables).toEqual(withoutStatistics(before.tables, stale));
      expect({ ...after, schema: 0, tables: 0 }).toEqual({ ...before, schema: 0, tables: 0 });
      expect(healthOf(db)).toEqual(health);
      expect(contentOf(db, 'users')).toHaveLength(5);
    },
  );
});

/** Operations that change which columns or keys there are: all else is compared. */
const RESHAPING: readonly (readonly [
  name: string,
  change: Change,
  path: 'native' | 'rebuild' | 'nothing',
  gone: readonly string[],
])[] = [
  ['addColumn', (t) => t.addColumn('x', 'TEXT DEFAULT 1'), 'native', []],
  [
    'addColumn with an expression',
    (t) => t.addColumn('x', 'TEXT DEFAULT (1 + 1) UNIQUE', { from: 'id' }),
    'rebuild',
    [],
  ],
  ['dropColumn', (t) => t.dropColumn('legacy'), 'rebuild', ['legacy']],
  ['dropColumn that is generated', (t) => t.dropColumn('low'), 'rebuild', ['low']],
  ['dropUnique', (t) => t.dropUnique('unique_email'), 'rebuild', []],
  ['setPrimaryKey to what it is', (t) => t.setPrimaryKey(['ID']), 'nothing', []],
  ['setGenerated', (t) => t.dropDefault('legacy').setGenerated('legacy', "'old'"), 'rebuild', []],
  ['setStrict', (t) => t.setType('age', 'INTEGER').setType('anything', 'ANY').setStrict('on'), 'rebuild', []],
];

function others({ schema, tables }: Picture): unknown {
  return [
    schema.filter(({ name }) => name !== 'users' && !name.startsWith('sqlite_autoindex_users')),
    Object.entries(tables).filter(([name]) => name !== 'users' && !name.startsWith('sqlite_')),
  ];
}

describe('a new shape for the torture table', () => {
  it.each(RESHAPING)(
    '%s keeps the values of all other columns, and all other objects',
    (_name, change, path, gone) => {
      db = torture();
      const before = picture(db);
      const health = healthOf(db);
      const columns = db
        .prepare("SELECT name FROM pragma_table_xinfo('users')")
        .pluck()
        .all()
        .filter((name) => !gone.includes(name as string)) as string[];
      const values = contentOf(db, 'users', columns);
      expect(alterTable(db, 'users', change).path).toBe(path);
      expect(contentOf(db, 'users', columns)).toEqual(values);
      const after = picture(db);
      expect(others(after)).toEqual(others(before));
      expect(after.pragmas).toEqual(before.pragmas);
      expect(healthOf(db)).toEqual(health);
    },
  );

  it('refuses what would break the search (R20)', () => {
    db = torture();
    const before = picture(db);
    const changes: readonly Change[] = [
      (t) => t.renameTo('people'),
      (t) => t.renameColumn('email', 'mail'),
      (t) => t.renameColumn('id', 'key'),
      (t) => t.dropColumn('made'),
    ];
    for (const change of changes)
      expect(() => alterTable(db as Handle, 'users', change)).toThrow('virtual table found');
    expect(picture(db)).toEqual(before);
  });
});
