import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Database as Connection } from '../../src/domain/migration.js';
import { rollbackAllMigrations, rollbackMigration, runPendingMigrations } from '../../src/functions.js';
import { builtInMigrations } from '../../src/migrations/index.js';
import { errorOf } from '../helpers/errors.js';

let db: Connection;

beforeEach(() => {
  db = new Database(':memory:');
  db.pragma('foreign_keys = ON');
  runPendingMigrations(db);
});

afterEach(() => {
  db.close();
});

function columnsOf(table: string): string[] {
  const columns = db.prepare('SELECT * FROM pragma_table_info(?)').all(table) as {
    name: string;
    type: string;
    notnull: number;
    dflt_value: string | null;
    pk: number;
  }[];
  return columns.map(({ name, type, notnull, dflt_value: otherwise, pk }) =>
    [name, type, pk ? 'PK' : '', notnull ? 'NOT NULL' : '', otherwise ? `= ${otherwise}` : '']
      .filter(Boolean)
      .join(' '),
  );
}

function indexes(): string[] {
  return db
    .prepare(
      `SELECT i.name || ' ' || i.tbl_name || '(' || group_concat(c.name) || ')'
       FROM sqlite_schema AS i, pragma_index_info(i.name) AS c
       WHERE i.type = 'index' AND i.sql IS NOT NULL GROUP BY i.name ORDER BY i.name`,
    )
    .pluck()
    .all() as string[];
}

function search(word: string): unknown[] {
  return db
    .prepare(
      'SELECT n.id FROM nodes_fts AS f JOIN nodes AS n ON n.rowid = f.rowid WHERE nodes_fts MATCH ? ORDER BY n.id',
    )
    .pluck()
    .all(word);
}

// Compares the index with the table; PRAGMA integrity_check does not.
function checkSearch(): void {
  db.exec("INSERT INTO nodes_fts (nodes_fts, rank) VALUES ('integrity-check', 1)");
}

function insert(id: string, title: string, more: Readonly<Record<string, string | null>> = {}): void {
  const row = { id, title, url: `https://example/${id}`, source_domain: 'example', ...more };
  const columns = Object.keys(row);
  db.prepare(
    `INSERT INTO nodes (${columns.join(', ')}) VALUES (${columns.map((name) => `@${name}`).join(', ')})`,
  ).run(row);
}

describe('the built-in schema', () => {
  it('is known by these names', () => {
    expect(builtInMigrations.map(({ name }) => name)).toEqual(['001_initial_schema', '002_add_indexes']);
  });

  it.each([
    [
      'nodes',
      [
        'id TEXT PK',
        'title TEXT NOT NULL',
        'url TEXT NOT NULL',
        'source_domain TEXT NOT NULL',
        'date_added TEXT',
        'company TEXT',
        'phrase_description TEXT',
        'short_description TEXT',
        'logo_url TEXT',
        'ai_summary TEXT',
        'extracted_fields JSON',
        "metadata_tags JSON = '[]'",
        'function_parent_id TEXT',
        'organization_parent_id TEXT',
        'is_deleted INTEGER = 0',
        "created_at TEXT = datetime('now')",
        "updated_at TEXT = datetime('now')",
      ],
    ],
    ['key_concepts', ['id INTEGER PK', 'node_id TEXT NOT NULL', 'concept TEXT NOT NULL']],
    ...['segments', 'organizations'].map((table): [string, string[]] => [
      table,
      [
        'id INTEGER PK',
        'name TEXT NOT NULL',
        'code TEXT',
        'description TEXT',
        'color TEXT',
        "created_at TEXT = datetime('now')",
      ],
    ]),
    [
      'nodes_fts',
      ['title', 'source_domain', 'company', 'phrase_description', 'short_description', 'ai_summary'],
    ],
  ])('has the columns of %s', (table, columns) => {
    expect(columnsOf(table)).toEqual(columns);
  });

  it('has these indexes', () => {
    expect(indexes()).toEqual([
      'idx_key_concepts_node key_concepts(node_id)',
      'idx_nodes_company nodes(company)',
      'idx_nodes_date_added nodes(date_added)',
      'idx_nodes_deleted nodes(is_deleted)',
      'idx_nodes_function_parent nodes(function_parent_id)',
      'idx_nodes_organization_parent nodes(organization_parent_id)',
      'idx_nodes_source_domain nodes(source_domain)',
      'idx_nodes_updated_at nodes(updated_at)',
    ]);
  });

  it.each([
    [
      'the url of nodes',
      "INSERT INTO nodes (id, title, url, source_domain) VALUES ('n2', 't', 'https://example/n1', 'd')",
    ],
    ['node and concept', "INSERT INTO key_concepts (node_id, concept) VALUES ('n1', 'c')"],
    ['the code of segments', "INSERT INTO segments (name, code) VALUES ('other', 'code')"],
    ['the code of organizations', "INSERT INTO organizations (name, code) VALUES ('other', 'code')"],
  ])('keeps %s unique', (_what, sql) => {
    insert('n1', 'first');
    db.exec(`INSERT INTO key_concepts (node_id, concept) VALUES ('n1', 'c');
             INSERT INTO segments (name, code) VALUES ('s', 'code');
             INSERT INTO organizations (name, code) VALUES ('o', 'code')`);
    expect(errorOf(() => db.exec(sql))).toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
  });

  it('deletes the key concepts of a node with it, and takes none without a node', () => {
    insert('n1', 'first');
    db.exec("INSERT INTO key_concepts (node_id, concept) VALUES ('n1', 'c')");
    expect(
      errorOf(() => db.exec("INSERT INTO key_concepts (node_id, concept) VALUES ('n9', 'c')")),
    ).toMatchObject({
      code: 'SQLITE_CONSTRAINT_FOREIGNKEY',
    });
    db.exec("DELETE FROM nodes WHERE id = 'n1'");
    expect(db.prepare('SELECT count(*) FROM key_concepts').pluck().get()).toBe(0);
  });
});

describe('the search over nodes', () => {
  it.each(['title', 'source_domain', 'company', 'phrase_description', 'short_description', 'ai_summary'])(
    'finds a word in %s',
    (column) => {
      insert('n1', 'nothing', { [column]: 'a needle in it' });
      insert('n2', 'nothing');
      expect(search('needle')).toEqual(['n1']);
      checkSearch();
    },
  );

  it('finds what was inserted, also many at once', () => {
    db.exec(`INSERT INTO nodes (id, title, url, source_domain)
      VALUES ('n1', 'red apple', 'u1', 'd'), ('n2', 'green apple', 'u2', 'd'), ('n3', 'pear', 'u3', 'd')`);
    expect(search('apple')).toEqual(['n1', 'n2']);
    checkSearch();
  });

  it('follows an update, also one that sets a column to NULL or from it', () => {
    insert('n1', 'before', { company: 'acme' });
    insert('n2', 'other');
    db.exec(
      "UPDATE nodes SET title = 'after', company = NULL WHERE id = 'n1'; UPDATE nodes SET company = 'initech' WHERE id = 'n2'",
    );
    expect(['before', 'acme', 'after', 'initech'].map(search)).toEqual([[], [], ['n1'], ['n2']]);
    checkSearch();
  });

  it('follows an update of columns that it does not hold, and of the id', () => {
    insert('n1', 'stable');
    db.exec("UPDATE nodes SET is_deleted = 1, id = 'n7' WHERE id = 'n1'");
    expect(search('stable')).toEqual(['n7']);
    checkSearch();
  });

  it('forgets what was deleted', () => {
    insert('n1', 'gone');
    insert('n2', 'stays');
    db.exec("DELETE FROM nodes WHERE id = 'n1'");
    expect([search('gone'), search('stays')]).toEqual([[], ['n2']]);
    checkSearch();
  });

  it('follows an upsert', () => {
    insert('n1', 'first');
    db.exec(`INSERT INTO nodes (id, title, url, source_domain) VALUES ('n1', 'second', 'u', 'd')
             ON CONFLICT (id) DO UPDATE SET title = excluded.title`);
    expect([search('first'), search('second')]).toEqual([[], ['n1']]);
    checkSearch();
  });

  it('forgets what was rolled back', () => {
    db.exec('BEGIN');
    insert('n1', 'never');
    db.exec('ROLLBACK');
    expect(search('never')).toEqual([]);
    checkSearch();
  });

  it('still fits after a VACUUM of a table with gaps', () => {
    for (const id of ['n1', 'n2', 'n3', 'n4']) insert(id, `title ${id}`);
    db.exec("DELETE FROM nodes WHERE id IN ('n1', 'n3'); VACUUM");
    expect(search('n4')).toEqual(['n4']);
    checkSearch();
  });
});

describe('rolling back', () => {
  it('takes away the indexes of 002 and leaves those of 001', () => {
    rollbackMigration(db, '002_add_indexes');
    expect(indexes().map((index) => index.split(' ')[0])).toEqual([
      'idx_key_concepts_node',
      'idx_nodes_deleted',
      'idx_nodes_function_parent',
      'idx_nodes_organization_parent',
    ]);
  });

  it('of all leaves nothing but the records, even with rows in every table, and can be followed by another run', () => {
    insert('n1', 'first');
    db.exec(`INSERT INTO key_concepts (node_id, concept) VALUES ('n1', 'c');
             INSERT INTO segments (name) VALUES ('s'); INSERT INTO organizations (name) VALUES ('o')`);
    rollbackAllMigrations(db);
    const left = db
      .prepare(
        String.raw`SELECT name FROM sqlite_schema WHERE name NOT LIKE '\_migrations%' ESCAPE '\' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'`,
      )
      .pluck()
      .all();
    expect(left).toEqual([]);
    expect(runPendingMigrations(db)).toHaveLength(2);
    insert('n1', 'again');
    expect(search('again')).toEqual(['n1']);
  });
});
