import { isUnattended } from './config.js';
import { ConfirmationRequiredError, UsageError } from './errors.js';

/**
 * Asks before more than one migration is rolled back.
 * @throws ConfirmationRequiredError where nobody can answer
 */
export async function confirmRollback(names: readonly string[]): Promise<boolean> {
  const what = `roll back ${names.length} migration${names.length === 1 ? '' : 's'} (${names.join(', ')})`;
  if (isUnattended()) {
    throw new ConfirmationRequiredError(
      `This would ${what}, and nobody can be asked.`,
      'Look at them with decant migrate:plan, then run again with --yes.',
    );
  }
  const { confirm } = await import('@clack/prompts');
  return (
    (await confirm({ message: `Really ${what}?`, initialValue: false, output: process.stderr })) === true
  );
}

/** Asks what a new migration is to be called. @throws UsageError where nobody can answer, or nothing was */
export async function askName(): Promise<string> {
  if (!isUnattended()) {
    const { text } = await import('@clack/prompts');
    const answer = await text({
      message: 'What does the migration do?',
      placeholder: 'add users',
      output: process.stderr,
    });
    if (typeof answer === 'string' && answer.trim() !== '') return answer;
  }
  throw new UsageError('A new migration needs a name.', 'Example: decant migrate:create add users');
}
