import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { Database } from '../domain/migration.js';
import { rows } from '../sqlite/table-state.js';

/**
 * The tables, those of a virtual table's data among them, of which a page differs between a database and an earlier copy
 * of its file, or that begin at another page, as two do that have changed names. All others hold what they held: a page
 * that is the same leads to the same pages. https://sqlite.org/dbstat.html
 * @param db the later one, closed by all others, so that everything is in its file
 * @param before the earlier one
 */
export function changedTables(
  db: Database,
  before: Database,
  file: string,
  earlier: string,
): ReadonlySet<string> {
  const pageSize = Number(db.pragma('page_size', { simple: true }));
  const changed = changedPages(file, earlier, pageSize);
  if (changed.size === 0) return new Set();
  const pages = rows<{ name: string; pageno: number }>(db, `SELECT name, pageno FROM dbstat('main')`);
  return new Set([
    ...pages.filter(({ pageno }) => changed.has(pageno)).map(({ name }) => name),
    ...movedTables(db, before),
  ]);
}

function movedTables(db: Database, before: Database): readonly string[] {
  const known = new Map(rootsOf(before).map(({ name, rootpage }) => [name, rootpage]));
  return rootsOf(db)
    .filter(({ name, rootpage }) => known.get(name) !== rootpage)
    .map(({ name }) => name);
}

function rootsOf(db: Database): readonly { readonly name: string; readonly rootpage: number }[] {
  return rows(db, `SELECT name, rootpage FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0`);
}

const CHUNK = 1 << 22;

function changedPages(file: string, earlier: string, pageSize: number): ReadonlySet<number> {
  const [now, before] = [openSync(file, 'r'), openSync(earlier, 'r')];
  try {
    const changed = new Set<number>();
    const [a, b] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)];
    for (let at = 0; at < statSync(file).size; at += CHUNK) {
      const length = readSync(now, a, 0, CHUNK, at);
      const known = readSync(before, b, 0, CHUNK, at);
      if (length === known && a.compare(b, 0, length, 0, length) === 0) continue;
      for (let from = 0; from < length; from += pageSize) {
        const to = from + pageSize;
        if (to > known || a.compare(b, from, to, from, to) !== 0) changed.add((at + from) / pageSize + 1);
      }
    }
    return changed;
  } finally {
    closeSync(now);
    closeSync(before);
  }
}
