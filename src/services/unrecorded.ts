import { MigrationFailedError } from '../errors.js';
import { messageOf } from './error-facts.js';
import { migrationText } from './subject.js';

/**
 * The error of a migration that has run and could not be recorded. Where hooks have run with it nobody knows whose doing
 * that is, and so it names them all.
 * @param file the migration's
 * @param hooks how an error names those that act within migrations
 */
export function unrecorded(error: Error, file: string | undefined, hooks: readonly string[]): Error {
  if (!(error instanceof MigrationFailedError) || hooks.length === 0) return error;
  const { failure, cause, hint } = error;
  const message = `${migrationText(failure, file)} could not be recorded after it and ${hooks.join(', ')} had run: ${messageOf(cause)}`;
  const advice = hint.replace(/^Mend the migration/, "Mend whichever of them changes Decant's own tables");
  return new MigrationFailedError(failure, message, advice, cause);
}
