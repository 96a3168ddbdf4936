import { describe, expect, it } from '@jest/globals';
import { statusOf } from '../../src/domain/status.js';
import { APPLIED_AT, historyWith } from '../helpers/histories.js';

describe('statusOf', () => {
  it('lists source and records in one order, with the time of each that is applied', () => {
    expect(statusOf(historyWith(['10_c', '9_b', '1_a'], ['1_a']))).toEqual({
      migrations: [
        { name: '1_a', applied: true, appliedAt: APPLIED_AT },
        { name: '9_b', applied: false },
        { name: '10_c', applied: false },
      ],
      total: 3,
      applied: 1,
      pending: 2,
      anomalies: [],
    });
  });

  it.each<[string, string[], string[], [total: number, applied: number, pending: number]]>([
    ['nothing at all', [], [], [0, 0, 0]],
    ['all pending', ['1_a', '2_b'], [], [2, 0, 2]],
    ['all applied', ['1_a', '2_b'], ['1_a', '2_b'], [2, 2, 0]],
    ['a missing one, which is applied', ['2_b'], ['1_a'], [2, 1, 1]],
    ['only missing ones', [], ['1_a', '2_b'], [2, 2, 0]],
  ])('counts %s', (_, source, applied, [total, isApplied, pending]) => {
    expect(statusOf(historyWith(source, applied))).toMatchObject({ total, applied: isApplied, pending });
  });

  it('shows a missing migration at its place, with its time, and once', () => {
    const { migrations, anomalies } = statusOf(historyWith(['1_a', '3_c'], ['2_b', '1_a']));
    expect(migrations).toEqual([
      { name: '1_a', applied: true, appliedAt: APPLIED_AT },
      { name: '2_b', applied: true, appliedAt: APPLIED_AT },
      { name: '3_c', applied: false },
    ]);
    expect(anomalies.map(({ kind, name }) => [kind, name])).toEqual([['missing', '2_b']]);
  });

  it('has no key for the time of what is pending, so that JSON has none either', () => {
    expect(Object.keys(statusOf(historyWith(['1_a'], [])).migrations[0] ?? {})).toEqual(['name', 'applied']);
  });

  it('tells every anomaly', () => {
    const { anomalies } = statusOf(historyWith(['1_a', '3_c', '4_d', '4_e'], ['2_b', '3_c'], ['3_c']));
    expect(anomalies.map(({ kind, name }) => [kind, name])).toEqual([
      ['missing', '2_b'],
      ['changed', '3_c'],
      ['out-of-order', '1_a'],
      ['same-prefix', '4_e'],
    ]);
  });
});
