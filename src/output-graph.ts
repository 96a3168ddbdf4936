import type { GraphedMigration, MigrationGraph } from './domain/graph.js';
import { rowsText } from './domain/batches.js';
import { visibleIn } from './domain/visible.js';
import type { Paint } from './output.js';

/** How `migrate:graph` can draw. */
export const GRAPH_FORMATS = ['text', 'mermaid', 'dot'] as const;

/**
 * A graph as a tree: each line depends on the one that it is below, or branches off from. One that depends on several, or
 * on nothing, says so.
 */
export function graphText(graph: MigrationGraph, paint: Paint): string {
  const { migrations } = visibleIn(graph);
  if (migrations.length === 0) return 'No migrations.';
  const below = placesOf(migrations);
  const lines: string[] = [];
  const open = [...childrenOf(below, undefined, '')];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    lines.push(next.before + lineOf(next.migration, lines.length === 0, paint));
    open.push(...childrenOf(below, next.migration.name, next.margin));
  }
  return lines.join('\n');
}

/** A graph as a Mermaid flowchart, which GitHub and many editors draw. Arrows lead to what is depended on. */
export function graphMermaid(graph: MigrationGraph): string {
  const { migrations } = visibleIn(graph);
  const ids = new Map(migrations.map(({ name }, index) => [name, `m${index + 1}`]));
  return [
    'flowchart BT',
    ...migrations.map((each) => `  ${ids.get(each.name)}["${entities(labelOf(each))}"]:::${each.state}`),
    ...edgesOf(migrations).map(
      ({ from, to, declared }) => `  ${ids.get(from)} ${declared ? '-->' : '-.->'} ${ids.get(to)}`,
    ),
    ...Object.entries(COLOURS).map(
      ([state, { fill, line }]) => `  classDef ${state} fill:${fill},stroke:${line},color:#000`,
    ),
  ].join('\n');
}

/** A graph in the DOT language of Graphviz. Arrows lead to what is depended on. */
export function graphDot(graph: MigrationGraph): string {
  const { migrations } = visibleIn(graph);
  return [
    'digraph migrations {',
    '  rankdir=BT;',
    '  node [shape=box, style=filled, fontname="sans-serif"];',
    ...migrations.map(
      (each) =>
        `  ${quoted(each.name)} [${labelled(each)}fillcolor="${COLOURS[each.state].fill}", color="${COLOURS[each.state].line}", tooltip="${each.state}"];`,
    ),
    ...edgesOf(migrations).map(
      ({ from, to, declared }) => `  ${quoted(from)} -> ${quoted(to)}${declared ? '' : ' [style=dashed]'};`,
    ),
    '}',
  ].join('\n');
}

function labelOf({ name, progress }: GraphedMigration): string {
  return progress === undefined ? name : `${name} (${rowsText(progress)})`;
}

function labelled(migration: GraphedMigration): string {
  return migration.progress === undefined ? '' : `label=${quoted(labelOf(migration))}, `;
}

const COLOURS: Record<GraphedMigration['state'], { readonly fill: string; readonly line: string }> = {
  applied: { fill: '#d3f9d8', line: '#2b8a3e' },
  pending: { fill: '#fff3bf', line: '#e67700' },
  missing: { fill: '#ffe3e3', line: '#c92a2a' },
};

/** What is drawn below one line. */
interface Below {
  /** What depends on it alone. */
  readonly straight: GraphedMigration[];
  /** What depends on several that all lead to it, or, of the whole, also what depends on nothing. */
  readonly joins: GraphedMigration[];
}

interface Placed {
  readonly migration: GraphedMigration;
  /** What its own line begins with, and those below it. */
  readonly before: string;
  readonly margin: string;
}

type Places = ReadonlyMap<string | undefined, Below>;

// Each goes below the last that all of what it depends on have in common (its immediate dominator).
function placesOf(migrations: readonly GraphedMigration[]): Places {
  const above = new Map<string, string | undefined>();
  const depths = new Map<string | undefined, number>([[undefined, 0]]);
  const below = new Map<string | undefined, Below>();
  for (const migration of migrations) {
    const { name, dependsOn } = migration;
    const place = commonOf(dependsOn, above, depths);
    above.set(name, place);
    depths.set(name, (depths.get(place) ?? 0) + 1);
    const there = below.get(place) ?? { straight: [], joins: [] };
    below.set(place, there);
    (dependsOn.length === 1 ? there.straight : there.joins).push(migration);
  }
  return below;
}

function commonOf(
  names: readonly string[],
  above: ReadonlyMap<string, string | undefined>,
  depths: ReadonlyMap<string | undefined, number>,
): string | undefined {
  const depth = (name: string | undefined): number => depths.get(name) ?? 0;
  const up = (name: string | undefined): string | undefined => above.get(name ?? '');
  let common: string | undefined = names[0];
  for (let other of names.slice(1) as (string | undefined)[]) {
    while (common !== other) {
      if (depth(common) >= depth(other)) common = up(common);
      else other = up(other);
    }
  }
  return common;
}

// In reverse, since the last is taken first.
function childrenOf(below: Places, name: string | undefined, margin: string): readonly Placed[] {
  const { straight, joins } = below.get(name) ?? { straight: [], joins: [] };
  const last = straight.length - 1;
  const branches = straight.map((migration, index): Placed => {
    if (last === 0) return { migration, before: margin, margin };
    const [before, beside] = index === last ? ['└─ ', '   '] : ['├─ ', '│  '];
    return { migration, before: margin + before, margin: margin + beside };
  });
  return [...branches, ...joins.map((migration) => ({ migration, before: margin, margin }))].toReversed();
}

function lineOf(migration: GraphedMigration, isFirst: boolean, paint: Paint): string {
  const { name, dependsOn, state, progress } = migration;
  const notes = [
    ...(progress === undefined
      ? []
      : [`${state === 'pending' ? '' : 'rolling back: '}${rowsText(progress)}`]),
    ...(state === 'missing' ? ['missing'] : []),
    ...(dependsOn.length > 1 ? [`after ${dependsOn.join(', ')}`] : []),
    ...(dependsOn.length === 0 && !isFirst ? ['after nothing'] : []),
  ];
  return `${markOf(migration, paint)} ${name}${notes.length > 0 ? paint('dim', `  (${notes.join('; ')})`) : ''}`;
}

function markOf({ state, progress }: GraphedMigration, paint: Paint): string {
  if (progress !== undefined) return paint('yellow', '[~]');
  if (state === 'pending') return paint('yellow', '[ ]');
  return paint(state === 'applied' ? 'green' : 'red', '[x]');
}

function edgesOf(
  migrations: readonly GraphedMigration[],
): readonly { readonly from: string; readonly to: string; readonly declared: boolean }[] {
  return migrations.flatMap(({ name, dependsOn, declared }) =>
    dependsOn.map((to) => ({ from: name, to, declared })),
  );
}

// https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
function entities(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}_. -]/gu, (character) => `#${character.codePointAt(0)};`);
}

// https://graphviz.org/doc/info/lang.html
function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
