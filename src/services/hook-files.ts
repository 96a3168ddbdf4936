import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { MigrationHooks, type HooksClass } from '../domain/hooks.js';
import { HOOK_EVENTS } from '../domain/report.js';
import { HookError } from '../errors.js';
import type { NamedHooks } from './hook-calls.js';
import { importFile } from './import-file.js';

/** Hooks as they are given: a class that is yet to be built, or an object that is ready, and whence it came. */
export interface GivenHooks {
  readonly name: string;
  readonly file?: string;
  readonly definition: HooksClass | MigrationHooks;
}

/** Imports the hooks of one file: its default export. @throws HookError naming the file */
export async function importHooks(file: string): Promise<GivenHooks> {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new HookError(`There is no file of hooks ${file}.`, NO_FILE, basename(file));
  let definition: unknown;
  try {
    definition = defaultOf(await importFile(file));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new HookError(`Cannot load the hooks ${file}: ${message}`, NOTHING_RUN, basename(file), undefined, {
      cause,
    });
  }
  if (isHooks(definition)) return { ...givenHooks(definition, basename(file)), file };
  throw new HookError(
    `The hooks ${file} have ${definition === undefined ? 'no default export' : 'a default export that is neither a class nor an object'}.`,
    'Export a class that extends MigrationHooks, or an instance of one, as default.',
    basename(file),
  );
}

/** Gives hooks the name of their class, or `name` where that has none. @throws HookError for what can be none */
export function givenHooks(definition: HooksClass | MigrationHooks, name: string): GivenHooks {
  if (!isHooks(definition))
    throw new HookError(`The hooks ${name} are neither a class nor an object nor a path.`, NOTHING_RUN, name);
  const owner: unknown = typeof definition === 'function' ? definition : definition.constructor;
  const called = typeof owner === 'function' && owner !== Object ? owner.name : '';
  return { name: ['', 'default'].includes(called) ? name : called, definition };
}

/** @throws HookError where none of the methods is one that is ever called: its name is misspelt */
export function checkHooks(named: NamedHooks): NamedHooks {
  const { name, hooks } = named;
  const wrong = HOOK_EVENTS.find((event) => !['function', 'undefined'].includes(typeof hooks[event]));
  if (wrong !== undefined)
    throw new HookError(`${wrong} of the hooks ${whoText(named)} is no method.`, NOTHING_RUN, name);
  if (HOOK_EVENTS.some((event) => typeof hooks[event] === 'function')) return named;
  throw new HookError(
    `The hooks ${whoText(named)} have no method that is ever called.`,
    `Write one or more of ${HOOK_EVENTS.join(', ')}. ${NOTHING_RUN}`,
    name,
  );
}

function whoText({ name, file }: NamedHooks): string {
  return file === undefined ? name : `${name} (${file})`;
}

// An arrow function has no prototype, and can build nothing.
function isHooks(value: unknown): value is HooksClass | MigrationHooks {
  return typeof value === 'function'
    ? value.prototype !== undefined
    : typeof value === 'object' && value !== null;
}

const NO_FILE = 'Look at `hooks` of the config, whose paths are relative to it; nothing was run.';
const NOTHING_RUN = 'Mend it; nothing was run.';

// A CommonJS build of a default export arrives as { default: { default } }.
function defaultOf(exports: Record<string, unknown>): unknown {
  const whole = exports['default'];
  return (whole as { default?: unknown } | undefined)?.default ?? whole;
}
