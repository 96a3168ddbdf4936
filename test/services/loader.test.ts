import { describe, expect, it } from '@jest/globals';
import type { DiscoveredMigration, MigrationDefinition } from '../../src/domain/migration.js';
import { Loader } from '../../src/services/loader.js';
import { MigrationSource } from '../../src/services/migration-source.js';

/** Writes down what it is asked. */
class Recorded extends MigrationSource {
  readonly calls: string[] = [];

  override discover(): readonly DiscoveredMigration[] {
    return ['1_a', '2_b', '3_c'].map((name) => ({ name }));
  }

  override expect(migrations: readonly DiscoveredMigration[]): void {
    this.calls.push(`expect ${migrations.map(({ name }) => name).join(' ')}`);
  }

  override load({ name }: DiscoveredMigration): MigrationDefinition {
    this.calls.push(`load ${name}`);
    return { up: () => undefined };
  }

  override checksum(): undefined {
    return undefined;
  }
}

describe('Loader', () => {
  it('tells the source what it will load next, in order, and loads nothing twice', async () => {
    const source = new Recorded();
    const loader = new Loader(source, source.discover());
    await loader.load(['2_b', '1_a']);
    await loader.load(['3_c', '1_a']);
    expect(source.calls).toEqual(['expect 1_a 2_b', 'load 1_a', 'load 2_b', 'expect 3_c', 'load 3_c']);
  });
});
