import { describe, expect, it } from '@jest/globals';
import { migration } from '../../src/domain/decorator.js';
import { Migration, type MigrationDefinition } from '../../src/domain/migration.js';
import { ListSource } from '../../src/services/list-source.js';
import { errorOf } from '../helpers/errors.js';

@migration({ name: '001_named' })
class Named extends Migration {
  up(): void {}
}

@migration()
class Nameless extends Migration {
  up(): void {}
}

const plain = (name: string) => ({ name, up: () => undefined });

describe('ListSource', () => {
  it('knows classes, instances and plain objects by name', () => {
    @migration({ name: '002_instance' })
    class Instance extends Migration {
      up(): void {}
    }
    const list = [Named, new Instance(), plain('003_plain')];
    const source = new ListSource(list);
    expect(source.discover()).toEqual([
      { name: '001_named' },
      { name: '002_instance' },
      { name: '003_plain' },
    ]);
    expect(source.discover().map((each) => source.load(each))).toEqual(list);
    expect(source.checksum()).toBeUndefined();
  });

  it('sees what is pushed to the list later', () => {
    const list: MigrationDefinition[] = [];
    const source = new ListSource(list);
    expect(source.discover()).toEqual([]);
    list.push(plain('001_a'));
    expect(source.discover()).toEqual([{ name: '001_a' }]);
  });

  it.each<[string, unknown, RegExp]>([
    ['a class without a name', Nameless, /Entry 1 .* has no name/],
    ['an object without a name', { up: () => undefined }, /Entry 1 .* has no name/],
    ['an empty name', plain(''), /Entry 1 .* has no name/],
    ['an object without up', { name: '001_a' }, /Entry 1 .* has no up/],
    ['a function', () => undefined, /Entry 1 .* has no up/],
    ['null', null, /Entry 1 .* has no up/],
    ['undefined', undefined, /Entry 1 .* has no up/],
  ])('refuses %s, saying which entry it is', (_what, entry, message) => {
    const source = new ListSource([plain('000_first'), entry as MigrationDefinition]);
    expect(errorOf(() => source.discover())).toMatchObject({
      code: 'DECANT_INVALID_MIGRATION',
      message: expect.stringMatching(message),
    });
  });

  it('refuses two of the same name', () => {
    expect(errorOf(() => new ListSource([Named, plain('001_named')]).discover())).toMatchObject({
      code: 'DECANT_DUPLICATE_MIGRATION',
      message: expect.stringContaining('001_named'),
    });
  });

  it('loads what it found, even if it has left the list since', () => {
    const first = plain('001_a');
    const list = [first];
    const source = new ListSource(list);
    const [found] = source.discover();
    list.pop();
    expect(found && source.load(found)).toBe(first);
  });
});
