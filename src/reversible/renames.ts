import { alterTable } from '../sqlite/alter-table.js';
import { operation, type Operation } from './operation.js';
import { parkStatistics, putBackStatistics } from './statistics.js';
import { changedTexts, putBackTexts, textsOf, type ChangedText } from './texts.js';

export function renamingColumn(table: string, from: string, to: string): Operation {
  return operation<readonly ChangedText[]>(
    { kind: 'rename column', table, said: [from, to] },
    (work) => {
      const { db, connection } = work;
      const before = textsOf(connection);
      parkStatistics(work, table);
      alterTable(db, table, (builder) => builder.renameColumn(from, to));
      return changedTexts(before, textsOf(connection));
    },
    (work, texts) => {
      const now = textsOf(work.connection);
      alterTable(work.db, table, (builder) => builder.renameColumn(to, from));
      putBackTexts(work, texts, now);
      putBackStatistics(work);
    },
  );
}

export function renamingTable(from: string, to: string): Operation {
  return operation<readonly ChangedText[]>(
    { kind: 'rename table', table: from, said: to },
    (work) => {
      const { db, connection } = work;
      const before = textsOf(connection);
      parkStatistics(work, from);
      alterTable(db, from, (table) => table.renameTo(to));
      return changedTexts(before, textsOf(connection), { from, to });
    },
    (work, texts) => {
      const now = textsOf(work.connection);
      alterTable(work.db, to, (table) => table.renameTo(from));
      putBackTexts(work, texts, now);
      putBackStatistics(work);
    },
  );
}
