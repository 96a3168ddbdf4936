import { isUnattended } from './config.js';
import { visible } from './domain/visible.js';
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
  return yes(`Really ${what}?`);
}

/**
 * Asks before the content of a database is replaced.
 * @throws ConfirmationRequiredError where nobody can answer
 */
export async function confirmRestore(database: string, backup: string): Promise<boolean> {
  if (isUnattended()) {
    throw new ConfirmationRequiredError(
      `This would replace the content of ${database} by ${backup}, and nobody can be asked.`,
      'Look at decant migrate:backups, then run again with --yes.',
    );
  }
  return yes(`Really replace the content of ${database} by ${backup}?`);
}

/**
 * Asks before what reversible migrations have parked is dropped.
 * @param what how much it is
 * @throws ConfirmationRequiredError where nobody can answer
 */
export async function confirmPrune(names: readonly string[], what: string): Promise<boolean> {
  const question = `drop ${what}, without which ${names.join(', ')} cannot be rolled back`;
  if (isUnattended()) {
    throw new ConfirmationRequiredError(
      `This would ${question}, and nobody can be asked.`,
      'Look at decant migrate:status, then run again with --yes.',
    );
  }
  return yes(`Really ${question}?`);
}

/** Asks what a new migration is to be called. @throws UsageError where nobody can answer, or nothing was */
export async function askName(): Promise<string> {
  if (!isUnattended()) {
    const { text } = await import('@clack/prompts');
    const message = 'What does the migration do?';
    const answer = await asked((terminal) => text({ message, placeholder: 'add users', ...terminal }));
    if (typeof answer === 'string' && answer.trim() !== '') return answer;
  }
  throw new UsageError('A new migration needs a name.', 'Example: decant migrate:create add users');
}

async function yes(message: string): Promise<boolean> {
  const { confirm } = await import('@clack/prompts');
  return (
    (await asked((terminal) => confirm({ message: visible(message), initialValue: false, ...terminal }))) ===
    true
  );
}

interface Terminal {
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

// On stderr, since stdout is for results; and Ctrl-D, of which the prompts know nothing, takes the question back.
async function asked<T>(question: (terminal: Terminal) => Promise<T>): Promise<T> {
  const end = new AbortController();
  const onKey = (_text: unknown, key: { ctrl?: boolean; name?: string } | undefined): void => {
    if (key?.ctrl === true && key.name === 'd') end.abort();
  };
  process.stdin.on('keypress', onKey);
  try {
    return await question({ output: process.stderr, signal: end.signal });
  } finally {
    process.stdin.off('keypress', onKey);
  }
}
