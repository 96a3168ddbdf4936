import { InjectionError } from './errors.js';
import type { DependencyContainer, InjectionToken } from './injection.js';
import type { NamedClass } from './services/migration-factory.js';

// tsyringe says "TypeInfo not known"; find the parameter that it could not fill, and say what to do about it.
export function injectionError(
  scope: DependencyContainer,
  { name, class: target }: NamedClass<unknown>,
  cause: unknown,
): InjectionError {
  const slots = slotsOf(target);
  if (slots.length === 0 && target.length > 0) {
    return new InjectionError(
      `Cannot build ${name}: nothing is known of its constructor's parameters (${parametersOf(target).join(', ')}).`,
      'Decorate the class with @migration() or, if it is of hooks, @injectable(); in plain JavaScript, which has no types to go by, let it have none.',
      { cause },
    );
  }
  const failures = slots.map((slot) => failureToResolve(scope, slot));
  const index = failures.findIndex((failure) => failure !== undefined);
  const slot = slots[index];
  if (slot === undefined) {
    return new InjectionError(
      `Cannot build ${name}: its constructor failed: ${lastLineOf(cause)}`,
      'Mend the constructor.',
      { cause },
    );
  }
  return new InjectionError(
    `Cannot build ${name}: the container cannot fill parameter ${index + 1}, "${parametersOf(target)[index] ?? '?'}".`,
    cureFor(slot.token, lastLineOf(failures[index])),
    { cause },
  );
}

/** What one parameter is to be filled with. */
interface Slot {
  readonly token: unknown;
  readonly multiple?: boolean;
  readonly isOptional?: boolean;
}

// TypeScript leaves the types; @inject, @injectAll and their kin leave a token, or a descriptor around one.
function slotsOf(target: NamedClass<unknown>['class']): readonly Slot[] {
  const types = (Reflect.getMetadata('design:paramtypes', target) ?? []) as readonly unknown[];
  const tokens = (Reflect.getMetadata('injectionTokens', target) ?? {}) as Readonly<Record<number, unknown>>;
  const count = Math.max(types.length, ...Object.keys(tokens).map((index) => Number(index) + 1));
  return Array.from({ length: count }, (_, index) => {
    const wanted = tokens[index] ?? types[index];
    return typeof wanted === 'object' && wanted !== null && 'token' in wanted ? wanted : { token: wanted };
  });
}

// What TypeScript writes down of types that are no class.
const TELLS_NOTHING = new Set<unknown>([undefined, Object, String, Number, Boolean, Array, Function]);

// By what tsyringe says last, which is about the innermost thing that failed.
function cureFor(token: unknown, reason: string): string {
  if (TELLS_NOTHING.has(token)) {
    return 'Its type is an interface, a plain value, or comes by `import type`: import a class as a value, or use @inject(TOKEN).';
  }
  const undecorated = /TypeInfo not known for "(.*)"/.exec(reason)?.[1];
  if (undecorated !== undefined) {
    return `Decorate ${undecorated} with @injectable(), or register it: container.register(${undecorated}, …).`;
  }
  const unregistered = /unregistered dependency token: "(.*)"/.exec(reason)?.[1];
  if (unregistered === undefined) return `Mend what fails there: ${reason}`;
  const text = unregistered.startsWith('Symbol(') ? unregistered : JSON.stringify(unregistered);
  return `Register it before the run: container.register(${text}, …); for the CLI, in register() of decant.config.`;
}

function failureToResolve(scope: DependencyContainer, { token, multiple, isOptional }: Slot): unknown {
  if (isOptional === true) return undefined;
  try {
    if (multiple === true) scope.resolveAll(token as InjectionToken);
    else scope.resolve(token as InjectionToken);
    return undefined;
  } catch (error) {
    return error ?? new Error('it threw nothing');
  }
}

/** tsyringe tells the innermost reason last. */
export function lastLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n').at(-1)?.trim() ?? message;
}

// A class without a constructor of its own has its parent's.
function parametersOf(target: unknown): readonly string[] {
  const list = /constructor\s*\(([^)]*)\)/.exec(String(target))?.[1];
  if (list !== undefined) return list.split(',').map((parameter) => parameter.trim());
  return typeof target === 'function' ? parametersOf(Object.getPrototypeOf(target)) : [];
}
