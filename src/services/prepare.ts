import type { Plan } from '../domain/plan.js';
import { preparationError } from './failure.js';
import type { LoadedMigration, LoadedMigrations } from './loaded-migration.js';

/** Awaits what migrations do before any transaction begins, in order. @throws MigrationFailedError */
export async function prepare(plan: Plan, loaded: LoadedMigrations): Promise<void> {
  for (const step of plan.steps) {
    const migration = loaded.get(step.name) as LoadedMigration;
    if (migration.migration.prepare === undefined) continue;
    try {
      await migration.migration.prepare(step.direction);
    } catch (error) {
      throw preparationError(error, step, migration);
    }
  }
}
