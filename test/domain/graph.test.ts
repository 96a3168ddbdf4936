import { describe, expect, it } from '@jest/globals';
import { graphOf } from '../../src/domain/graph.js';
import { errorOf } from '../helpers/errors.js';
import { historyWith } from '../helpers/histories.js';

type Declared = Readonly<Record<string, readonly string[]>>;

describe('the graph of a history', () => {
  it.each<[string, Declared, string]>([
    ['a line, where nothing is declared', {}, '1_a | 2_b~1_a | 3_c~2_b | 4_d~3_c'],
    [
      'branches, as they are declared',
      { '2_b': ['1_a'], '3_c': ['1_a'] },
      '1_a | 2_b-1_a | 3_c-1_a | 4_d~2_b,3_c',
    ],
    ['several beginnings', { '2_b': [], '3_c': [] }, '1_a | 2_b- | 3_c- | 4_d~1_a,2_b,3_c'],
    ['declared ones, needless or not', { '3_c': ['1_a', '2_b'] }, '1_a | 2_b~1_a | 3_c-1_a,2_b | 4_d~3_c'],
  ])('is %s', (_what, declared, expected) => {
    const { migrations } = graphOf(historyWith(['4_d', '3_c', '2_b', '1_a'], [], [], declared));
    const told = migrations.map((each) => each.name + (each.declared ? '-' : '~') + each.dependsOn.join(','));
    expect(told.join(' | ')).toBe(expected.replace('1_a |', '1_a~ |'));
  });

  it('says what is applied, pending, and missing', () => {
    const { migrations } = graphOf(historyWith(['1_a', '3_c'], ['1_a', '2_b']));
    expect(migrations).toEqual([
      { name: '1_a', state: 'applied', dependsOn: [], declared: false },
      { name: '2_b', state: 'missing', dependsOn: ['1_a'], declared: false },
      { name: '3_c', state: 'pending', dependsOn: ['2_b'], declared: false },
    ]);
  });

  it('is refused, with its path, where it cannot be followed', () => {
    const circle = historyWith(['1_a', '2_b'], [], [], { '1_a': ['2_b'], '2_b': ['1_a'] });
    expect(errorOf(() => graphOf(circle))).toMatchObject({ path: ['1_a', '2_b', '1_a'] });
  });
});
