import { MigrationFailedError, type DecantError } from '../errors.js';

/**
 * The same error, once all is taken back: what it says of what was left behind is not so.
 * @param untried the names of those before it that were not tried
 */
export function ofDryRun(error: DecantError, untried: readonly string[]): DecantError {
  const because =
    untried.length === 0
      ? ''
      : ` ${untried.join(', ')} could not be tried before it, which may be why: --on-copy tries all.`;
  if (!(error instanceof MigrationFailedError)) return withHint(error, `${NOTHING}${because} ${error.hint}`);
  const { failure, hint } = error;
  const inEarnest = failure.rolledBack === 'all' ? hint : `A real run would say: ${hint}`;
  const facts = { ...failure, rolledBack: 'all' as const, completed: [] };
  return Object.assign(withHint(error, `${NOTHING}${because} ${inEarnest}`), { failure: facts });
}

const NOTHING = 'This was a dry run: nothing was changed.';

// Nobody has seen it yet, and its class has a shape of its own: it is completed rather than made anew.
function withHint(error: DecantError, hint: string): DecantError {
  return Object.assign(error, { hint });
}
