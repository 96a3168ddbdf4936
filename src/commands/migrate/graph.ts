import { BaseCommand, targetOf } from '../../base-command.js';
import type { MigrationGraph } from '../../domain/graph.js';
import { databaseFlags } from '../../flags.js';
import { option } from '../../oclif.js';
import { GRAPH_FORMATS, graphDot, graphMermaid, graphText } from '../../output-graph.js';

export default class Graph extends BaseCommand {
  static override summary = 'Draw which migration depends on which, and which are applied.';
  static override description =
    'Writes nothing. A migration that declares no dependsOn depends on all before it, of which the last are shown.';
  static override examples = [
    '<%= config.bin %> migrate:graph',
    '<%= config.bin %> migrate:graph --format mermaid',
    '<%= config.bin %> migrate:graph --format dot | dot -Tsvg > migrations.svg',
  ];
  static override flags = {
    ...databaseFlags,
    format: option({ options: GRAPH_FORMATS })({
      description: 'A tree, a Mermaid flowchart, or Graphviz DOT.',
      default: 'text',
    }),
  };

  async run(): Promise<MigrationGraph & ReturnType<typeof targetOf>> {
    const { flags } = await this.parse(Graph);
    const config = await this.settings(flags);
    const graph = await this.withService(config, 'read', (service) => service.graph());
    const draw = { text: graphText, mermaid: graphMermaid, dot: graphDot }[flags.format];
    this.log(draw(graph, this.paint));
    return { ...targetOf(config), ...graph };
  }
}
