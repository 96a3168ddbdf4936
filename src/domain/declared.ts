// What a migration says of itself, to be read without the decorator and the reflect-metadata that this one needs.
import type { MigrationOptions } from './decorator.js';
import type { MigrationClass } from './migration.js';

// Symbol.for, so that a migration that imports another copy of Decant is understood all the same.
const OPTIONS = Symbol.for('decant.migration');

/** Keeps the options of a class. */
export function declareOptions(target: MigrationClass, options: MigrationOptions): void {
  Object.defineProperty(target, OPTIONS, { value: Object.freeze({ ...options }) });
}

/** The options of a class, or of an instance; none for a plain object. */
export function optionsOf(subject: object): MigrationOptions {
  const owner: object | undefined = typeof subject === 'function' ? subject : subject.constructor;
  return owner !== undefined && Object.hasOwn(owner, OPTIONS)
    ? (owner as { [OPTIONS]: MigrationOptions })[OPTIONS]
    : {};
}

/** Gives an instance, or all of a class, its name; not enumerable, so that it does not show as state. */
export function nameIt(target: object, name: string): void {
  Object.defineProperty(target, 'name', { value: name, configurable: true, writable: true });
}
