import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { graphOf } from '../../src/domain/graph.js';
import type { History } from '../../src/domain/history.js';
import { planDown, planUp } from '../../src/domain/plan.js';
import { refuseOutOfTurn, STRICT } from '../../src/domain/policy.js';
import { LaterMigrationsError } from '../../src/errors.js';
import { errorOf } from '../helpers/errors.js';
import { historyWith } from '../helpers/histories.js';

interface Graph {
  readonly names: readonly string[];
  /** For each migration, the places of those before it that it declares; null: it declares nothing. */
  readonly edges: readonly (readonly number[] | null)[];
}

const graphs: fc.Arbitrary<Graph> = fc
  .integer({ min: 1, max: 9 })
  .chain((size) =>
    fc
      .tuple(
        ...Array.from({ length: size }, (_, place) =>
          fc.option(fc.subarray(Array.from({ length: place }, (_each, index) => index)), { freq: 4 }),
        ),
      )
      .map((edges) => ({ names: edges.map((_, place) => `${place + 5}_m`), edges })),
  );

function historyIn({ names, edges }: Graph, applied: readonly string[]): History {
  const declared = edges.flatMap((each, place) =>
    each === null ? [] : [[names[place] as string, each.map((index) => names[index] as string)] as const],
  );
  return historyWith(names.toReversed(), applied, [], Object.fromEntries(declared));
}

/** By other means than the code under test: whether there is a way from one down to the other. */
function dependsOn({ edges }: Graph, from: number, to: number): boolean {
  const direct = edges[from] ?? Array.from({ length: from }, (_, index) => index);
  return direct.some((each) => each === to || dependsOn({ names: [], edges }, each, to));
}

describe('any graph of declared dependencies', () => {
  it('is applied in an order in which each comes after all that it depends on, and by number where it may', () => {
    fc.assert(
      fc.property(graphs, fc.nat({ max: 9 }), (graph, count) => {
        const applied = graph.names.slice(0, count);
        const { steps } = planUp(historyIn(graph, applied));
        expect(steps.map(({ name }) => name)).toEqual(graph.names.slice(count));
        const recorded = new Set(applied);
        for (const step of steps) {
          for (const each of step.dependsOn ?? []) expect(recorded).toContain(each);
          refuseOutOfTurn(step, recorded, STRICT);
          recorded.add(step.name);
        }
      }),
    );
  });

  it('holds a rollback back by exactly those that depend on it, directly or not', () => {
    fc.assert(
      fc.property(graphs, fc.nat(), (graph, seed) => {
        const place = seed % graph.names.length;
        const name = graph.names[place] as string;
        const expected = graph.names.filter((_, from) => from > place && dependsOn(graph, from, place));
        const plan = () => planDown(historyIn(graph, graph.names), { name });
        if (expected.length > 0) {
          const error = errorOf(plan) as LaterMigrationsError;
          expect(error).toBeInstanceOf(LaterMigrationsError);
          expect(error.later).toEqual(expected);
        } else {
          const [step, ...others] = plan().steps;
          expect(others).toEqual([]);
          expect(step?.name).toBe(name);
          refuseOutOfTurn(step as NonNullable<typeof step>, new Set(graph.names), STRICT);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is drawn with no more edges than it takes: each leads to exactly what it depends on', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { migrations } = graphOf(historyIn(graph, []));
        const edges = migrations.map(({ dependsOn: direct }) =>
          direct.map((each) => graph.names.indexOf(each)),
        );
        const drawn = { names: graph.names, edges };
        for (const [from, direct] of edges.entries()) {
          for (let to = 0; to < from; to++)
            expect(dependsOn(drawn, from, to)).toBe(dependsOn(graph, from, to));
          if (graph.edges[from] !== null) continue;
          for (const each of direct)
            expect(direct.some((other) => dependsOn(drawn, other, each))).toBe(false);
        }
      }),
    );
  });

  it('takes in late what it may, and leaves each of the rest out of order', () => {
    fc.assert(
      fc.property(graphs, fc.nat(), (graph, seed) => {
        const late = seed % graph.names.length;
        fc.pre(late < graph.names.length - 1);
        const name = graph.names[late] as string;
        const plan = () =>
          planUp(
            historyIn(
              graph,
              graph.names.filter((each) => each !== name),
            ),
          );
        if (graph.edges[late] === null) expect(errorOf(plan)).toMatchObject({ migrations: [name] });
        else expect(plan().steps).toHaveLength(1);
      }),
    );
  });
});
