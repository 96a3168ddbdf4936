import { describe, expect, it } from '@jest/globals';
import type { Profile, ProfiledMigration, ProfiledStatement } from '../src/domain/profile.js';
import { profileText } from '../src/output-profile.js';
import type { Paint } from '../src/output.js';

const plain: Paint = (_style, text) => text;

const STATEMENT: ProfiledStatement = {
  sql: 'INSERT INTO orders (customer, total) VALUES (?, ?)',
  count: 2000,
  rows: 2000,
  indirectRows: 10,
  durationMs: 80,
  startMs: 1,
  spanMs: 90,
  plan: null,
  scans: [],
};

const UPDATE: ProfiledStatement = {
  ...STATEMENT,
  sql: `UPDATE customers SET spent =\n   (SELECT sum(total) FROM orders AS o WHERE o.customer = customers.id AND o.total > 0)`,
  count: 1,
  rows: 200,
  indirectRows: 0,
  durationMs: 1250,
  plan: ['SCAN customers', 'CORRELATED SCALAR SUBQUERY 1', '  SCAN o'],
  scans: [
    { table: 'customers', rows: 200 },
    { table: 'orders', rows: null },
  ],
};

function migration(name: string, more: Partial<ProfiledMigration> = {}): ProfiledMigration {
  return {
    name,
    direction: 'up',
    outcome: 'applied',
    startMs: 0,
    durationMs: 100,
    rows: 2010,
    statements: [STATEMENT],
    ...more,
  };
}

function profileOf(...migrations: readonly ProfiledMigration[]): Profile {
  return { startedAt: '2026-11-25T10:00:00.000Z', durationMs: 1400, migrations };
}

describe('profileText', () => {
  it('shows what a terminal would obey', () => {
    const odd = {
      ...UPDATE,
      sql: "SELECT '\u001B[2J'",
      plan: ['SCAN \u0007'],
      scans: [{ table: '\u0007', rows: null }],
    };
    const shown = profileText(profileOf(migration('001_x', { statements: [odd] })), plain);
    expect(shown).toContain("SELECT '\\x1b[2J'");
    expect(shown).toContain('| SCAN \\x07');
    expect(shown).toContain('the whole of \\x07');
  });

  it('draws the migrations, and tells of the slowest statements, their plans and what they read as a whole', () => {
    const text = profileText(
      profileOf(
        migration('001_data'),
        migration('002_sum', { outcome: 'failed', durationMs: 1275, rows: 200, statements: [UPDATE] }),
        migration(`003_${'x'.repeat(50)}`, { durationMs: 0.5, rows: 0, statements: [] }),
      ),
      plain,
    );
    expect(text).toBe(`
Profile: 3 migrations, 2,001 statements; 1.3 s of 1.4 s in their SQL

Migration                          Time Share                  Rows
001_data                         100 ms   7 % ▊               2,010 ██████████
✗ 002_sum                         1.3 s  93 % ██████████        200 █
003_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                                0.50 ms   0 %                     0

Slowest statements

  1. 1.3 s  200 rows, 002_sum
     UPDATE customers SET spent = (SELECT sum(total) FROM orders AS o WHERE
     o.customer = customers.id AND o.total > 0)
     | SCAN customers
     | CORRELATED SCALAR SUBQUERY 1
     |   SCAN o
     ! reads the whole of customers (200 rows): no index is used
     ! reads the whole of orders: no index is used
  2. 80 ms  2,000 times, 2,000 rows, 10 indirectly, 001_data
     INSERT INTO orders (customer, total) VALUES (?, ?)`);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('shows no more than ten statements, and no more than four lines of each', () => {
    const statements = Array.from({ length: 12 }, (_, index) => ({
      ...STATEMENT,
      sql: `SELECT ${String(index)}, ${'column_name, '.repeat(60)}${'y'.repeat(200)}`,
    }));
    const text = profileText(profileOf(migration('001_data', { statements })), plain);
    expect(text.match(/^ {1,2}\d+\. /gm)).toHaveLength(10);
    expect(text.match(/^ {5}…$/gm)).toHaveLength(10);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('has nothing to divide by where nothing took any time', () => {
    const text = profileText(
      profileOf(migration('001_data', { durationMs: 0, rows: 0, statements: [] })),
      plain,
    );
    expect(text).toContain('0.00 ms   0 %');
    expect(text).not.toContain('Slowest');
  });
});
