import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { nameIt } from '../../src/domain/declared.js';
import { isDefinition, Migration, type MigrationDefinition } from '../../src/domain/migration.js';

class OneWay extends Migration {
  up(): void {}
}

describe('Migration', () => {
  it('says by its name that it has no way back, where a class has none', () => {
    const instance = new OneWay();
    nameIt(instance, '001_one_way');
    const db = new Database(':memory:');
    try {
      expect(() => instance.down(db)).toThrow('001_one_way has no down()');
    } finally {
      db.close();
    }
  });

  it('does not shadow the name that its class was given by a field of its own', () => {
    nameIt(OneWay.prototype, '001_one_way');
    expect(new OneWay().name).toBe('001_one_way');
  });

  it('is satisfied by a plain object', () => {
    const plain = { name: '001_a', up(): void {}, down(): void {} } satisfies Migration;
    const definition: MigrationDefinition = plain;
    expect(isDefinition(definition)).toBe(true);
  });
});

describe('isDefinition', () => {
  it.each<[string, unknown]>([
    ['a class that extends Migration', OneWay],
    ['an instance of one', new OneWay()],
    [
      'a class of no parent that has up()',
      class {
        up(): void {}
      },
    ],
    ['an object with up()', { up(): void {} }],
    ['an object with no prototype', Object.assign(Object.create(null) as object, { up(): void {} })],
    ['an object whose up is async, which is found out when it runs', { async up(): Promise<void> {} }],
  ])('is true for %s', (_, value) => {
    expect(isDefinition(value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'up'],
    ['a number', 1],
    ['an empty object', {}],
    ['an object whose up is text', { up: 'CREATE TABLE t (id)' }],
    ['an object with down() only', { down(): void {} }],
    [
      'a class without up()',
      class {
        down(): void {}
      },
    ],
    ['a function', (): void => {}],
    ['a function with an up of its own', Object.assign((): void => {}, { up(): void {} })],
    ['a list of migrations', [new OneWay()]],
  ])('is false for %s', (_, value) => {
    expect(isDefinition(value)).toBe(false);
  });
});
