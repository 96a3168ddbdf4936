import type { DryRunStep } from '../domain/dry-run.js';
import { ForeignKeyError, UndeclaredLossError, type DecantError } from '../errors.js';
import { lossesText } from '../services/damage-error.js';
import type { BodyRules } from '../services/transaction-manager.js';
import { troubleText } from '../sqlite/foreign-keys.js';

type Verdict = Pick<DryRunStep, 'losses' | 'foreignKeys'>;

/** What the guards say of a migration that they have let pass. */
export function verdictOf({ expectLoss, foreignKeyCheck }: BodyRules): Verdict {
  const declared = expectLoss.length === 0 ? '' : ` but what expectLoss declares (${expectLoss.join(', ')})`;
  return { losses: `nothing lost${declared}`, foreignKeys: KEYS[foreignKeyCheck] };
}

const KEYS: Record<BodyRules['foreignKeyCheck'], string> = {
  all: 'no new violation',
  changed: 'no new violation in the tables that it changed, and their children',
  none: "not checked (foreignKeyCheck: 'none')",
};

/** What the guards say of one that they have not. */
export function damageIn(error: DecantError): Verdict {
  return {
    losses: error instanceof UndeclaredLossError ? lossesText(error.losses) : null,
    foreignKeys: error instanceof ForeignKeyError ? troubleText(error).join('; ') : null,
  };
}
