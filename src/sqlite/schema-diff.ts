import { formatPatch, structuredPatch, OMIT_HEADERS } from 'diff';

/**
 * How one schema, as `schemaText()` has it, becomes another: a unified diff; empty where they are the same. To be imported only where it is needed, as it brings a library with it.
 */
export function schemaDiff(before: string, after: string): string {
  const patch = structuredPatch('before', 'after', before, after, undefined, undefined, { context: 3 });
  return patch.hunks.length === 0 ? '' : formatPatch(patch, OMIT_HEADERS).trimEnd();
}
