import { basename } from 'node:path';
import { optionsOf } from '../domain/declared.js';
import { isDefinition, type MigrationDefinition } from '../domain/migration.js';
import { InvalidMigrationError } from '../errors.js';
import { importFile } from './import-file.js';
import { rememberOrigin } from './origins.js';
import { canLoadTypeScript, isTypeScript } from './typescript.js';

/**
 * Imports one file and finds the migration in it: its default export, its named exports `up` and `down`, or the
 * one export that is a migration.
 * @throws InvalidMigrationError naming the file
 */
export async function importMigration(
  name: string,
  file: string,
  checksum?: string,
): Promise<MigrationDefinition> {
  const exports = await exportsOf(file, checksum);
  const definition = migrationIn(exports, file);
  const { name: declared } = optionsOf(definition);
  if (declared !== undefined && declared !== name) {
    throw new InvalidMigrationError(
      `${basename(file)} calls itself ${declared}: one migration, two names.`,
      `Leave \`name\` out of @migration(): the file's name is what counts.`,
    );
  }
  rememberOrigin(definition, file);
  return definition;
}

async function exportsOf(file: string, checksum: string | undefined): Promise<Record<string, unknown>> {
  try {
    return await importFile(file, checksum);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidMigrationError(`Cannot load ${file}: ${message}`, loadingHint(file, message), { cause });
  }
}

function loadingHint(file: string, message: string): string {
  if (isTypeScript(file) && /Unknown file extension|Invalid or unexpected token|strip-only/.test(message)) {
    return canLoadTypeScript()
      ? "Node does not run decorated TypeScript by itself: import 'decant/register' first, or use the decant CLI."
      : `Node.js ${process.versions.node} cannot run it: use 22.15 or later, or compile the migrations to JavaScript.`;
  }
  return 'Mend the file; nothing was run.';
}

function migrationIn(exports: Record<string, unknown>, file: string): MigrationDefinition {
  const whole = exports['default'];
  // A CommonJS build of a default export arrives as { default: { default } }.
  const inner = isRecord(whole) ? whole : {};
  const direct = [whole, inner['default'], exports].find(isDefinition);
  if (direct !== undefined) return direct;
  const named = Object.values({ ...inner, ...exports }).filter(isDefinition);
  if (named.length === 1 && named[0] !== undefined) return named[0];
  throw new InvalidMigrationError(
    `${file} looks like a migration but is not one: it exports ${named.length > 1 ? `${named.length} of them` : 'no up()'}.`,
    'Export one class that extends Migration as default, or functions named up and down; or rename the file so that it does not begin with a number.',
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
