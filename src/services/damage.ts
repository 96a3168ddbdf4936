import type { ChangeLog } from '../sqlite/change-log.js';
import { keyOf } from '../sqlite/foreign-keys.js';
import type { ForeignKeyGuard } from '../sqlite/foreign-key-guard.js';
import type { LossGuard } from '../sqlite/loss-guard.js';
import type { Damage } from './transaction-manager.js';

/** What is known of the statements of a body, and of the database before them. */
export interface Evidence {
  readonly log: ChangeLog;
  readonly losses: LossGuard;
  readonly keys: ForeignKeyGuard;
}

/** How much there is of each part of a damage, by what does not change when a table is renamed. */
export type Amounts = ReadonlyMap<string, number>;

/** What is amiss in the database as it is. @param expectLoss what may go */
export function damageBy({ log, losses, keys }: Evidence, expectLoss: readonly string[]): Damage {
  return { losses: losses.losses(log, expectLoss), ...keys.newTrouble(log) };
}

/** What is known by now, whatever comes to be known. What violated a key before the body is the same for all of it. */
export function evidenceSoFar({ log, losses, keys }: Evidence): Evidence {
  return { log: log.copy(), losses: losses.copy(), keys };
}

/** A damage in comparable parts. */
export function amountsOf({ losses, violations, mismatches }: Damage, log: ChangeLog): Amounts {
  const originOf = (table: string): string => log.originOf(table);
  const amounts = new Map<string, number>();
  const add = (part: string, amount = 1): void => void amounts.set(part, (amounts.get(part) ?? 0) + amount);
  for (const { kind, name, before = 1, after = 0 } of losses)
    add(`${kind} ${originOf(name)}`, before - after);
  for (const violation of violations) add(keyOf(violation, originOf));
  for (const { table } of mismatches) add(`mismatch ${originOf(table)}`);
  return amounts;
}

/** The part of it that is told: what is gone may be why a foreign key is violated. */
export function toldOf(damage: Damage): Damage {
  return damage.losses.length === 0 ? damage : { losses: damage.losses, violations: [], mismatches: [] };
}
