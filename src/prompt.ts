import { isUnattended } from './config.js';
import { ConfirmationRequiredError, UsageError } from './errors.js';

/**
 * Asks before migrations are rolled back.
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
  return (await confirm({ message: `Really ${what}?`, initialValue: false, ...onTerminal() })) === true;
}

/** Asks what a new migration is to be called. @throws UsageError where nobody can answer, or nothing was */
export async function askName(): Promise<string> {
  if (!isUnattended()) {
    const { text } = await import('@clack/prompts');
    const message = 'What does the migration do?';
    const answer = await text({ message, placeholder: 'add users', ...onTerminal() });
    if (typeof answer === 'string' && answer.trim() !== '') return answer;
  }
  throw new UsageError('A new migration needs a name.', 'Example: decant migrate:create add users');
}

// On stderr, since stdout is for results; and Ctrl-D, of which the prompts know nothing, takes the question back.
function onTerminal(): { readonly output: NodeJS.WriteStream; readonly signal: AbortSignal } {
  const end = new AbortController();
  process.stdin.on('keypress', (_text: unknown, key: { ctrl?: boolean; name?: string } | undefined) => {
    if (key?.ctrl === true && key.name === 'd') end.abort();
  });
  return { output: process.stderr, signal: end.signal };
}
