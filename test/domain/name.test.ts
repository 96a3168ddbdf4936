import { describe, expect, it } from '@jest/globals';
import { compareNames, inOrder, nextPrefix, prefixOf, slugOf } from '../../src/domain/name.js';
import { UsageError } from '../../src/errors.js';
import { errorOf } from '../helpers/errors.js';

describe('prefixOf', () => {
  it.each([
    ['001_initial_schema', '001'],
    ['1-with-dashes', '1'],
    ['20261122093000_timestamp', '20261122093000'],
    ['007', '007'],
    ['1_2_3', '1'],
    ['0_zero', '0'],
    ['99999999999999999999_beyond_2_to_53', '99999999999999999999'],
  ])('reads the digits of %s as %s', (name, prefix) => {
    expect(prefixOf(name)).toBe(prefix);
  });

  it.each(['initial_schema', '', '_1_a', ' 1_a', '1a_b', '1.5_a', '1 a', '٣_arabic_digit', '-1_a', 'v1_a'])(
    'finds none in "%s"',
    (name) => {
      expect(prefixOf(name)).toBeUndefined();
    },
  );
});

describe('compareNames', () => {
  it.each([
    ['2_a', '10_a'],
    ['9_a', '10_a'],
    ['999_a', '1000_a'],
    ['1000_a', '20261122093000_a'],
    ['003_a', '003_b'],
    ['1_a', '01_b'],
    ['0_a', '1_a'],
    ['00_a', '0_b'],
    ['001_a', '1_a'], // equal but for the zeros: the name itself decides
    ['001', '001_a'],
    ['001-a', '001_a'], // by code unit
    ['001_B', '001_a'],
    ['001_z', '001_ä'],
    ['9007199254740992_a', '9007199254740993_a'], // one number for a double
    ['20261122093000999_a', '20261122093001000_a'],
    ['999999_z', 'no_prefix'],
    ['a_no_prefix', 'b_no_prefix'],
  ])('puts %s before %s', (first, second) => {
    expect(Math.sign(compareNames(first, second))).toBe(-1);
    expect(Math.sign(compareNames(second, first))).toBe(1);
  });

  it('is zero for a name and itself', () => {
    expect(compareNames('001_a', '001_a')).toBe(0);
    expect(compareNames('no_prefix', 'no_prefix')).toBe(0);
  });
});

describe('inOrder', () => {
  it('sorts a copy, and keeps the items', () => {
    const items = [{ name: '10_b' }, { name: 'last' }, { name: '9_a' }];
    const sorted = inOrder(items);
    expect(sorted.map(({ name }) => name)).toEqual(['9_a', '10_b', 'last']);
    expect(sorted[0]).toBe(items[2]);
    expect(items.map(({ name }) => name)).toEqual(['10_b', 'last', '9_a']);
  });
});

describe('nextPrefix', () => {
  it.each<[string, readonly string[]]>([
    ['001', []],
    ['001', ['no_prefix']],
    ['002', ['001_a']],
    ['010', ['9_a']],
    ['011', ['9_a', '10_b', '2_c']],
    ['004', ['001_a', '003_b']], // a gap stays a gap
    ['004', ['003_a', '003_b']],
    ['100', ['099_a']],
    ['1000', ['999_a']],
    ['0100', ['0099_a']],
    ['00000002', ['00000001_a']],
    ['20261122093001', ['001_a', '20261122093000_b']],
    ['9007199254740994', ['9007199254740993_a']],
  ])('is %s after %j', (next, names) => {
    expect(nextPrefix(names)).toBe(next);
  });
});

describe('slugOf', () => {
  it.each([
    ['Add user prefs!', 'add_user_prefs'],
    ['  add   users  ', 'add_users'],
    ['add_users', 'add_users'],
    ['add-users/and.more', 'add_users_and_more'],
    ['../../etc/passwd', 'etc_passwd'],
    ['2fa for users', '2fa_for_users'],
    ['v2', 'v2'],
    ["it's", 'it_s'],
    ['Größe ändern', 'größe_ändern'],
    ['A\u0308ndern', 'ändern'], // composed
    ['добавить поле', 'добавить_поле'],
    ['ユーザー 追加', 'ユーザー_追加'],
    ['٣ أعمدة', '٣_أعمدة'],
    ['हिन्दी नाम', 'हिन्दी_नाम'], // its vowel signs are marks, not letters
    ['İstanbul', 'i̇stanbul'],
    ['add ❤️ reactions', 'add_reactions'], // no invisible rest of an emoji
  ])('makes of "%s" %s', (words, slug) => {
    expect(slugOf(words)).toBe(slug);
  });

  it.each(['', '   ', '!!!', '_-_', '🎉', '❤️', '../..'])(
    'refuses "%s", of which nothing would be left',
    (words) => {
      const error = errorOf(() => slugOf(words)) as UsageError;
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toBe(`"${words}" leaves nothing to name a migration by.`);
      expect(error.hint).toContain('at least one letter or digit');
    },
  );
});
