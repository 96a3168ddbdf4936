import { tmpdir } from 'node:os';
import { DatabaseError } from '../errors.js';
import { isSqliteError } from '../services/sqlite-errors.js';

/** True for what the disk that the copies are on is to blame for, and no migration. */
export function isDiskFault(error: unknown): boolean {
  return causesOf(error).some((each) => DISK.test(codeOf(each)));
}

/**
 * Runs `work` on copies in the folder for temporary files. Where their disk fails, nothing is found out.
 * @throws DatabaseError
 */
export async function explainingDiskFaults<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isDiskFault(error)) throw error;
    const reason = error instanceof Error || isSqliteError(error) ? error.message : String(error);
    throw new DatabaseError(
      `The verification cannot go on: ${reason.replace(/\.$/, '')}.`,
      `${reasonFor(error)} Free some space in ${tmpdir()}, or set TMPDIR to a folder on another disk, and run the verification again.`,
      { cause: error },
    );
  }
}

function reasonFor(error: unknown): string {
  const codes = causesOf(error).map(codeOf).join(' ');
  return REASONS.find(([code]) => code.test(codes))?.[1] ?? 'The disk of the copies failed, no migration.';
}

const REASONS: readonly (readonly [code: RegExp, reason: string])[] = [
  [
    /SQLITE_CORRUPT/,
    'The copy is damaged. See by PRAGMA integrity_check whether the database is, too; if it is not:',
  ],
  [
    /SQLITE_FULL/,
    'The disk of the copies is full (or AUTOINCREMENT has no number left: SQLite says the same of both).',
  ],
];

// Not SQLITE_CORRUPT_VTAB: a full-text index that is not in order may be a migration's work.
const DISK = /^(?:SQLITE_(?:FULL|IOERR|CORRUPT(?!_VTAB))|ENOSPC$|EDQUOT$|EIO$)/;

function codeOf(error: object): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

function causesOf(error: unknown): readonly object[] {
  const causes = new Set<object>();
  for (let each = error; typeof each === 'object' && each !== null && !causes.has(each);) {
    causes.add(each);
    each = (each as { readonly cause?: unknown }).cause;
  }
  return [...causes];
}
