import { describe, expect, it } from '@jest/globals';
import { nameIt, optionsOf } from '../../src/domain/declared.js';
import { migration, type MigrationOptions } from '../../src/domain/decorator.js';
import { InvalidMigrationError } from '../../src/errors.js';
import { errorOf } from '../helpers/errors.js';
import { Migration, type MigrationObject } from '../../src/domain/migration.js';

class Clock {
  now = 0;
}

@migration({
  name: '003_backfill',
  description: 'Fill it',
  transaction: false,
  irreversible: 'the old values are gone',
})
class Backfill extends Migration {
  constructor(readonly clock: Clock) {
    super();
  }
  up(): void {}
}

@migration()
class Bare extends Migration {
  up(): void {}
}

describe('@migration', () => {
  const all = {
    name: '003_backfill',
    description: 'Fill it',
    transaction: false,
    irreversible: 'the old values are gone',
  };

  it('keeps its options, for the class and for an instance', () => {
    expect(optionsOf(Backfill)).toEqual(all);
    expect(optionsOf(new Backfill(new Clock()))).toEqual(all);
  });

  it('may be left empty', () => {
    expect(optionsOf(Bare)).toEqual({});
    expect(new Bare().name).toBeUndefined();
  });

  it('names the instances, without showing the name as their state', () => {
    const instance = new Backfill(new Clock());
    expect(instance.name).toBe('003_backfill');
    expect(Object.keys(instance)).toEqual(['clock']);
  });

  it('keeps a copy that nobody can change', () => {
    const options = { name: '1_a' };
    @migration(options)
    class Copied extends Migration {
      up(): void {}
    }
    options.name = '2_b';
    expect(optionsOf(Copied).name).toBe('1_a');
    expect(Object.isFrozen(optionsOf(Copied))).toBe(true);
  });

  it.each<[string, unknown, string]>([
    ['a misspelt option', { irreversable: 'gone' }, '@migration() knows no option irreversable.'],
    ['an option of every object', { toString: 'x' }, '@migration() knows no option toString.'],
    ['a name that is no text', { name: 5 }, '@migration({ name }) must be a string.'],
    ['a description that is no text', { description: null }, '@migration({ description }) must be a string.'],
    [
      'a transaction that is a text',
      { transaction: 'false' },
      "@migration({ transaction }) must be a boolean or 'batches'.",
    ],
    ['foreign keys that are off', { foreignKeys: 'off' }, "@migration({ foreignKeys }) must be 'enforced'."],
    [
      'a check that there is not',
      { foreignKeyCheck: 'some' },
      "@migration({ foreignKeyCheck }) must be 'all' or 'changed' or 'none'.",
    ],
    [
      'a loss that is no list',
      { expectLoss: 'users' },
      '@migration({ expectLoss }) must be a list of names.',
    ],
    [
      'losses that are no names',
      { expectLoss: ['a', 1] },
      '@migration({ expectLoss }) must be a list of names.',
    ],
    [
      'a dependency that is no list',
      { dependsOn: '001_a' },
      '@migration({ dependsOn }) must be a list of names and classes of migrations.',
    ],
    [
      'a dependency that was not there yet when it was named',
      { dependsOn: ['001_a', undefined] },
      '@migration({ dependsOn }) must be a list of names and classes of migrations.',
    ],
    [
      'a dependency on a class that is no migration',
      { dependsOn: [Clock] },
      '@migration({ dependsOn }) must be a list of names and classes of migrations.',
    ],
    [
      'requirements that are no object',
      { requires: '>=3.53' },
      '@migration({ requires }) must be an object.',
    ],
    [
      'a requirement that there is not',
      { requires: { node: '>=22' } },
      '@migration() knows no option requires.node.',
    ],
    [
      'a version that is no range',
      { requires: { sqlite: 3.53 } },
      '@migration({ requires.sqlite }) must be a string.',
    ],
    [
      'foreign keys of another kind',
      { requires: { foreignKeys: true } },
      "@migration({ requires.foreignKeys }) must be 'on' or 'clean'.",
    ],
    [
      'space in words',
      { requires: { freeSpace: 'plenty' } },
      "@migration({ requires.freeSpace }) must be a number of bytes, or, as '2x', so many times the database's size.",
    ],
    [
      'irreversible without its reason',
      { irreversible: true },
      '@migration({ irreversible }) must be a string.',
    ],
  ])('refuses %s', (_what, options, message) => {
    const error = errorOf(() => migration(options as MigrationOptions));
    expect(error).toBeInstanceOf(InvalidMigrationError);
    expect(error).toMatchObject({
      message,
      hint: expect.stringMatching(/^The options are (?:name, .*irreversible|sqlite, .*freeSpace)\.$/),
    });
  });

  it('refuses to be written without its parentheses, which would decorate nothing', () => {
    class Forgotten extends Migration {
      up(): void {}
    }
    expect(errorOf(() => migration(Forgotten as MigrationOptions))).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: '@migration is written without its parentheses.',
      hint: 'Write @migration().',
    });
  });

  it('takes an option that is undefined for one that is not given', () => {
    expect(() => migration({ name: undefined } as never)).not.toThrow();
  });

  it('makes the compiler keep the types of the constructor, for the container', () => {
    expect(Reflect.getMetadata('design:paramtypes', Backfill)).toEqual([Clock]);
  });

  it('understands a class that another copy of Decant has decorated', () => {
    class Foreign extends Migration {
      up(): void {}
    }
    Object.defineProperty(Foreign, Symbol.for('decant.migration'), { value: { irreversible: 'so' } });
    expect(optionsOf(Foreign)).toEqual({ irreversible: 'so' });
  });
});

describe('optionsOf', () => {
  it('is not inherited: a subclass is another migration', () => {
    class Another extends Backfill {}
    expect(optionsOf(Another)).toEqual({});
  });

  it.each<[string, object]>([
    ['a plain object', { up() {} }],
    ['an object with no prototype', Object.create(null) as MigrationObject],
    [
      'a class that is not decorated',
      class {
        down(): void {}
      },
    ],
  ])('is empty for %s', (_, subject) => {
    expect(optionsOf(subject)).toEqual({});
  });
});

describe('nameIt', () => {
  it('gives one instance a name, which comes before that of the class', () => {
    const [named, other] = [new Backfill(new Clock()), new Backfill(new Clock())];
    nameIt(named, '004_other');
    expect([named.name, other.name]).toEqual(['004_other', '003_backfill']);
    expect(Object.keys(named)).toEqual(['clock']);
  });

  it('can be done again', () => {
    const instance = new Bare();
    nameIt(instance, '1_a');
    nameIt(instance, '2_b');
    expect(instance.name).toBe('2_b');
  });
});
