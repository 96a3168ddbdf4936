import { basename } from 'node:path';
import type { HookCall } from '../domain/hooks.js';
import type { Failure } from '../errors.js';
import type { Blame } from './acts.js';
import { hookText } from './hook-calls.js';
import type { BodyError } from './transaction-manager.js';

/** Whom an error is about: the failed migration, or hooks that were called for it. */
export interface Subject {
  /** With which its message begins. */
  readonly text: string;
  /** At which migration, where that is not named by the text. */
  readonly at: string;
  /** Whether the migration has no part in it. */
  readonly isHook: boolean;
}

/** The hook that a blame is on, where it is on nobody else. */
export function soleHookOf(blame: Blame | undefined): HookCall | undefined {
  const [actor, ...others] = blame?.actors ?? [];
  return actor === 'migration' || others.length > 0 ? undefined : actor;
}

/** The hook that failed: one that threw, or one that left a transaction open, which is told as if it had thrown. */
export function failedHookOf(
  { kind, blame }: BodyError,
  thrower: HookCall | undefined,
): HookCall | undefined {
  return kind === 'left a transaction open' ? soleHookOf(blame) : thrower;
}

/** @param file the migration's */
export function subjectOf(failure: Failure, file: string | undefined, blame: Blame | undefined): Subject {
  const migration = migrationText(failure, file);
  const { actors = ['migration' as const], share } = blame ?? {};
  const names = actors.map((actor) => (actor === 'migration' ? migration : hookText(actor, actor.event)));
  const isHook = !actors.includes('migration');
  return { text: sharedText(names, share), at: isHook ? ` at ${failure.migration}` : '', isHook };
}

function sharedText([first = '', ...others]: readonly string[], share: Blame['share'] = 'each'): string {
  if (others.length === 0) return first;
  const [last = '', ...between] = others.map(withinSentence).toReversed();
  const list = [share === 'any' ? withinSentence(first) : first, ...between.toReversed()].join(', ');
  return share === 'any' ? `One or more of ${list} and ${last}` : `${list} together with ${last}`;
}

function withinSentence(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** How a message names the failed migration. @param file its own */
export function migrationText({ migration, line }: Failure, file: string | undefined): string {
  if (file === undefined) return `Migration ${migration}`;
  return `Migration ${migration} (${basename(file)}${line ? `:${line}` : ''})`;
}
