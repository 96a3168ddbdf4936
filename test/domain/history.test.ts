import { describe, expect, it } from '@jest/globals';
import { anomaliesOf, historyOf, outOfOrderOf, samePrefixOf } from '../../src/domain/history.js';
import { historyWith, recordsOf } from '../helpers/histories.js';

const names = (items: readonly { readonly name: string }[]): readonly string[] =>
  items.map(({ name }) => name);

describe('historyOf', () => {
  it('puts source and records in the order in which migrations run', () => {
    const history = historyOf([{ name: '10_b' }, { name: '9_a' }], recordsOf(['3_c', '2_b', '1_a']));
    expect(names(history.discovered)).toEqual(['9_a', '10_b']);
    expect(names(history.records)).toEqual(['1_a', '2_b', '3_c']);
    expect(history.changed).toEqual([]);
  });

  it('leaves what it was given as it was', () => {
    const source = [{ name: '2_b' }, { name: '1_a' }];
    historyOf(source, []);
    expect(names(source)).toEqual(['2_b', '1_a']);
  });
});

describe('pending and missing', () => {
  it.each<[string, { source: string[]; applied: string[]; pending: string[]; missing: string[] }]>([
    ['nothing at all', { source: [], applied: [], pending: [], missing: [] }],
    ['all new', { source: ['2_b', '1_a'], applied: [], pending: ['1_a', '2_b'], missing: [] }],
    ['all applied', { source: ['1_a', '2_b'], applied: ['1_a', '2_b'], pending: [], missing: [] }],
    [
      'some applied',
      { source: ['1_a', '2_b', '3_c'], applied: ['1_a'], pending: ['2_b', '3_c'], missing: [] },
    ],
    ['all files gone', { source: [], applied: ['2_b', '1_a'], pending: [], missing: ['1_a', '2_b'] }],
    ['a file renamed', { source: ['1_b'], applied: ['1_a'], pending: ['1_b'], missing: ['1_a'] }],
    ['zeros added', { source: ['001_a'], applied: ['1_a'], pending: ['001_a'], missing: ['1_a'] }],
    ['case changed', { source: ['1_A'], applied: ['1_a'], pending: ['1_A'], missing: ['1_a'] }],
    ['one prefix twice', { source: ['1_a', '1_b'], applied: ['1_a'], pending: ['1_b'], missing: [] }],
  ])('%s', (_, { source, applied, pending, missing }) => {
    const history = historyWith(source, applied);
    expect(names(history.pending)).toEqual(pending);
    expect(names(history.missing)).toEqual(missing);
  });
});

describe('out of order', () => {
  it.each<[string, string[], string[], { names: string[]; lastApplied: string } | undefined]>([
    ['nothing is applied', ['1_a', '2_b'], [], undefined],
    ['nothing is pending', ['1_a', '2_b'], ['1_a', '2_b'], undefined],
    ['all pending ones come after', ['1_a', '2_b', '3_c'], ['1_a'], undefined],
    ['one comes before', ['1_a', '2_b'], ['2_b'], { names: ['1_a'], lastApplied: '2_b' }],
    ['one comes before, one after', ['1_a', '2_b', '3_c'], ['2_b'], { names: ['1_a'], lastApplied: '2_b' }],
    [
      'several come before, at several places',
      ['1_a', '2_b', '3_c', '4_d'],
      ['2_b', '4_d'],
      { names: ['1_a', '3_c'], lastApplied: '4_d' },
    ],
    ['9 comes before 10', ['9_a', '10_b'], ['10_b'], { names: ['9_a'], lastApplied: '10_b' }],
    [
      'one shares its prefix with an applied one, and sorts before it',
      ['1_a', '1_b'],
      ['1_b'],
      { names: ['1_a'], lastApplied: '1_b' },
    ],
    ['one shares its prefix with an applied one, and sorts after it', ['1_a', '1_b'], ['1_a'], undefined],
  ])('%s', (_, source, applied, expected) => {
    expect(outOfOrderOf(historyWith(source, applied))).toEqual(expected);
  });

  it('goes by the order of names, not by the order of application', () => {
    expect(outOfOrderOf(historyWith(['1_a', '2_b', '3_c'], ['3_c', '1_a']))).toEqual({
      names: ['2_b'],
      lastApplied: '3_c',
    });
  });
});

describe('the same number', () => {
  it.each<[string, string[], string[], { names: string[]; pending: string[] }[]]>([
    ['all differ', ['1_a', '2_b', '10_c'], [], []],
    ['two pending', ['1_a', '1_b', '2_c'], [], [{ names: ['1_a', '1_b'], pending: ['1_a', '1_b'] }]],
    ['one of two applied', ['1_a', '1_b'], ['1_a'], [{ names: ['1_a', '1_b'], pending: ['1_b'] }]],
    ['both applied', ['1_a', '1_b'], ['1_a', '1_b'], [{ names: ['1_a', '1_b'], pending: [] }]],
    ['zeros do not count', ['01_a', '001_b'], ['01_a'], [{ names: ['01_a', '001_b'], pending: ['001_b'] }]],
    [
      'beyond 2^53',
      ['9007199254740993_a', '9007199254740992_b', '9007199254740993-c'],
      ['9007199254740992_b', '9007199254740993-c'],
      [{ names: ['9007199254740993-c', '9007199254740993_a'], pending: ['9007199254740993_a'] }],
    ],
    [
      'several groups',
      ['2_a', '1_a', '2_b', '1_b', '1_c'],
      ['1_a', '1_b', '1_c', '2_a', '2_b'],
      [
        { names: ['1_a', '1_b', '1_c'], pending: [] },
        { names: ['2_a', '2_b'], pending: [] },
      ],
    ],
    ['a zero', ['0_a', '000_b'], [], [{ names: ['0_a', '000_b'], pending: ['0_a', '000_b'] }]],
    ['no number', ['a', 'b'], [], []],
    ['a file that was renamed', ['1_b'], ['1_a'], []],
  ])('%s', (_, source, applied, expected) => {
    expect(samePrefixOf(historyWith(source, applied))).toEqual(expected);
  });
});

describe('anomaliesOf', () => {
  it.each([
    [
      'both pending',
      [],
      '1_b',
      'run in this order: give one that is applied nowhere yet a number of its own',
    ],
    [
      'the first applied',
      ['1_a'],
      '1_b',
      'run in this order: give one that is applied nowhere yet a number of its own',
    ],
    ['both applied', ['1_a', '1_b'], '1_b', 'are applied: leave their names as they are'],
  ])('tells of two with the same number, and what to do: %s', (_, applied, name, end) => {
    expect(anomaliesOf(historyWith(['1_a', '1_b'], applied))).toEqual([
      { kind: 'same-prefix', name, message: `1_a and 1_b have the same number, and ${end}` },
    ]);
  });

  it('names, of two with the same number, the pending one, also where it is out of order', () => {
    expect(anomaliesOf(historyWith(['1_a', '1_b'], ['1_b'])).map(({ kind, name }) => [kind, name])).toEqual([
      ['out-of-order', '1_a'],
      ['same-prefix', '1_a'],
    ]);
  });

  it('is empty for a history with nothing wrong', () => {
    expect(anomaliesOf(historyWith(['1_a', '2_b'], ['1_a']))).toEqual([]);
  });

  it('has a sentence for each: the missing, then the changed, then the ones out of order', () => {
    expect(anomaliesOf(historyWith(['1_a', '3_c', '4_d'], ['3_c', '2_b', '4_d'], ['3_c', '4_d']))).toEqual([
      { kind: 'missing', name: '2_b', message: '2_b is recorded as applied, but is not in the source' },
      { kind: 'changed', name: '3_c', message: '3_c was edited after it had been applied' },
      { kind: 'changed', name: '4_d', message: '4_d was edited after it had been applied' },
      {
        kind: 'out-of-order',
        name: '1_a',
        message: '1_a is pending, but sorts before 4_d, which is applied',
      },
    ]);
  });
});
