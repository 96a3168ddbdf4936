import { describe, expect, it } from '@jest/globals';
import { graphOf, type MigrationGraph } from '../src/domain/graph.js';
import { graphDot, graphMermaid, graphText } from '../src/output-graph.js';
import { historyWith } from './helpers/histories.js';

const plain = (_style: string, text: string): string => text;
const styled = (style: string, text: string): string => `<${style}>${text}</>`;

/** The graph of numbered migrations, of which the first `applied` are, from what each of some declares. */
function graph(
  declared: Readonly<Record<string, readonly string[]>>,
  names: readonly string[],
  applied = 0,
): MigrationGraph {
  return graphOf(historyWith(names, names.slice(0, applied), [], declared));
}

describe('a graph as a tree', () => {
  it.each<[string, Readonly<Record<string, readonly string[]>>, string, number, string]>([
    ['nothing', {}, '', 0, 'No migrations.'],
    ['a line', {}, '1 2 3', 2, '[x] 1\n[x] 2\n[ ] 3'],
    ['a fork', { '2': ['1'], '3': ['1'] }, '1 2 3', 1, '[x] 1\n├─ [ ] 2\n└─ [ ] 3'],
    [
      'a fork that is joined, by one that does not say so, and goes on',
      { '2': ['1'], '3': ['1'] },
      '1 2 3 4 5',
      1,
      '[x] 1\n├─ [ ] 2\n└─ [ ] 3\n[ ] 4  (after 2, 3)\n[ ] 5',
    ],
    [
      'forks on forks',
      { '2': ['1'], '3': ['1'], '4': ['2'], '5': ['2'], '6': ['4', '5'], '7': ['6'], '8': ['3'] },
      '1 2 3 4 5 6 7 8',
      0,
      '[ ] 1\n├─ [ ] 2\n│  ├─ [ ] 4\n│  └─ [ ] 5\n│  [ ] 6  (after 4, 5)\n│  [ ] 7\n└─ [ ] 3\n   [ ] 8',
    ],
    [
      'a fork of which a part is joined',
      { '2': ['1'], '3': ['1'], '4': ['1'], '5': ['2', '3'], '6': ['4'] },
      '1 2 3 4 5 6',
      0,
      '[ ] 1\n├─ [ ] 2\n├─ [ ] 3\n└─ [ ] 4\n   [ ] 6\n[ ] 5  (after 2, 3)',
    ],
    ['a needless dependency', { '3': ['1', '2'] }, '1 2 3', 0, '[ ] 1\n[ ] 2\n[ ] 3  (after 1, 2)'],
    [
      'several beginnings',
      { '2': [], '3': ['2'], '4': ['1'] },
      '1 2 3 4 5',
      0,
      '[ ] 1\n[ ] 4\n[ ] 2  (after nothing)\n[ ] 3\n[ ] 5  (after 3, 4)',
    ],
  ])('%s', (_what, declared, names, applied, text) => {
    expect(graphText(graph(declared, names.split(' ').filter(Boolean), applied), plain)).toBe(text);
  });

  it('marks what is half done, and says how far it is', () => {
    const halfDone = [{ name: '2', direction: 'up', done: 5, total: 10 }] as const;
    const half = graphOf({ ...historyWith(['1', '2'], ['1']), halfDone });
    expect(half.migrations[1]).toMatchObject({ state: 'pending', progress: { done: 5, total: 10 } });
    expect(graphText(half, styled)).toBe('<green>[x]</> 1\n<yellow>[~]</> 2<dim>  (5 of 10 rows)</>');
    expect(graphMermaid(half)).toContain('m2["2 #40;5 of 10 rows#41;"]:::pending');
    expect(graphDot(half)).toContain('"2" [label="2 (5 of 10 rows)", fillcolor=');
  });

  it('marks what is missing, and colours the marks', () => {
    const three = graphOf(historyWith(['1', '3'], ['1', '2']));
    expect(graphText(three, styled)).toBe(
      '<green>[x]</> 1\n<red>[x]</> 2<dim>  (missing)</>\n<yellow>[ ]</> 3',
    );
  });

  it('is drawn of thousands in a line', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `${index + 1}_m`);
    expect(graphText(graph({}, names), plain).split('\n')).toHaveLength(5000);
  });
});

describe('a graph for others to draw', () => {
  const hostile = graph({ '2 "q" \\': ['1_a'] }, ['1_a', '2 "q" \\', '3]-->;'], 1);

  it('is a Mermaid flowchart, whatever the names', () => {
    expect(graphMermaid(hostile).split('\n').slice(0, 6)).toEqual([
      'flowchart BT',
      '  m1["1_a"]:::applied',
      '  m2["2 #34;q#34; #92;"]:::pending',
      '  m3["3#93;--#62;#59;"]:::pending',
      '  m2 --> m1',
      '  m3 -.-> m2',
    ]);
  });

  it('is Graphviz DOT, whatever the names', () => {
    expect(graphDot(hostile)).toBe(
      [
        'digraph migrations {',
        '  rankdir=BT;',
        '  node [shape=box, style=filled, fontname="sans-serif"];',
        '  "1_a" [fillcolor="#d3f9d8", color="#2b8a3e", tooltip="applied"];',
        String.raw`  "2 \"q\" \\" [fillcolor="#fff3bf", color="#e67700", tooltip="pending"];`,
        '  "3]-->;" [fillcolor="#fff3bf", color="#e67700", tooltip="pending"];',
        String.raw`  "2 \"q\" \\" -> "1_a";`,
        String.raw`  "3]-->;" -> "2 \"q\" \\" [style=dashed];`,
        '}',
      ].join('\n'),
    );
  });
});
