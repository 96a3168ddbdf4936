import Database from 'better-sqlite3';
import type { Database as Connection } from '../../src/domain/migration.js';
import { runPendingMigrations } from '../../src/functions.js';

// What is in a knowledge base after some years: most of it regular, and here and there what nobody would think of. No
// value depends on anything but the number of its row, so that every run has the same database.

/**
 * Makes a database with Decant's own schema, this many nodes, and twice as many key concepts. Nothing stays open, and
 * all is in the one file.
 */
export function generate(file: string, nodes: number): void {
  const db = new Database(file);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = OFF');
    runPendingMigrations(db);
    db.pragma('foreign_keys = OFF'); // for the orphans
    db.exec('BEGIN');
    makeSentences(db);
    const triggers = db
      .prepare(`SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'nodes'`)
      .pluck()
      .all();
    db.exec(`DROP TRIGGER nodes_fts_insert; DROP TRIGGER nodes_fts_delete; DROP TRIGGER nodes_fts_update`);
    db.exec(nodesSql(nodes));
    db.exec(`INSERT INTO nodes_fts (nodes_fts) VALUES ('rebuild')`);
    db.exec(triggers.join(';\n'));
    db.exec(conceptsSql(nodes));
    db.exec(LISTS);
    db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

const SENTENCES = 400;
const WORDS = `graph,search,index,vector,editor,canvas,ledger,invoice,payroll,schema,query,stream,cache,queue,agent,model,
  prompt,plugin,widget,board,sprint,ticket,roadmap,signal,metric,alert,backup,archive,branch,merge,deploy,secret,token,
  naïve,façade,Größe,データ,поиск,مرحبا,🚀,café,O'Reilly,"quoted",100%,C++,node.js,back\\slash,semi;colon,--dash`;

// Of words by a small generator, in a table of their own: a lookup is cheaper than putting texts together.
function makeSentences(db: Connection): void {
  db.exec('CREATE TEMP TABLE sentences (id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  const words = WORDS.split(/,\s*/);
  const insert = db.prepare('INSERT INTO sentences VALUES (?, ?)');
  let state = 20261125;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  for (let id = 0; id < SENTENCES; id++) {
    const text = Array.from({ length: 3 + next(6) }, () => words[next(words.length)]).join(' ');
    insert.run(id, text);
  }
}

// A number below `limit` for row i: two prime moduli, so that neighbours have nothing in common. Never above 2^63.
const random = (salt: number, limit: number | string, i = 'i'): string =>
  `((((${i} + ${salt * 7919}) * 48271 % 2147483647) * 69621 % 2147483629) % ${limit})`;
const sentence = (salt: number): string =>
  `(SELECT text FROM temp.sentences WHERE id = ${random(salt, SENTENCES)})`;
const id = (i: string): string =>
  `CASE WHEN ${i} % 5003 = 17 THEN 'n''"' || (${i}) || ' é' ELSE printf('n%06d', ${i}) END`;

// The 6th of 97 has the url of the one before it, written otherwise; some have a slash at the end.
const url = `CASE
  WHEN i % 97 = 5 THEN upper('https://' || ${domain('(i - 1)')}) || '/tools/' || (i - 1)
  WHEN i % 89 = 3 THEN 'https://' || ${domain('i')} || '/tools/' || i || '/'
  ELSE 'https://' || ${domain('i')} || '/tools/' || i END`;

function domain(i: string): string {
  return `'tool' || ${random(1, 'max(1, total / 20)', i)} || CASE WHEN ${i} % 11 = 0 THEN '.co.uk' ELSE '.example.com' END`;
}

const company = `CASE
  WHEN ${random(2, 12)} = 0 THEN NULL
  WHEN ${random(2, 12)} = 1 AND i % 3 = 0 THEN ''
  WHEN i % 41 = 0 THEN '  Company ' || ${random(1, 'max(1, total / 20)')} || ' GmbH '
  ELSE 'Company ' || ${random(1, 'max(1, total / 20)')} END`;

// A tree of which each node has eight children; some have no parent, some one that is gone, and two are each other's.
const functionParent = `CASE
  WHEN i < 8 OR i % 13 = 0 THEN NULL
  WHEN i % 1009 = 0 THEN 'gone-' || i
  WHEN i = 700 THEN ${id('701')}
  WHEN i = 701 THEN ${id('700')}
  WHEN i = 900 THEN ${id('900')}
  ELSE ${id('(i / 8)')} END`;
const organizationParent = `CASE WHEN i < 12 OR i % 3 > 0 THEN NULL ELSE ${id('(i / 12)')} END`;

const extracted = `CASE
  WHEN i % 17 = 0 THEN NULL
  WHEN i % 503 = 1 THEN ''
  WHEN i % 1511 = 2 THEN '{"pricing": "free", "employees": '
  WHEN i % 701 = 3 THEN '{"pricing": null, "founded": "1999", "big": 9007199254740993, "nested": {"a": [1, {"b": null}], "": ""}}'
  ELSE json_object(
    'pricing', CASE ${random(3, 4)} WHEN 0 THEN 'free' WHEN 1 THEN 'freemium' WHEN 2 THEN 'paid' ELSE NULL END,
    'employees', CASE ${random(4, 6)} WHEN 0 THEN '1-10' WHEN 1 THEN '11-50' WHEN 2 THEN '51 - 200'
      WHEN 3 THEN '' || (200 + ${random(5, 9000)}) WHEN 4 THEN 'unknown' ELSE NULL END,
    'founded', CASE WHEN ${random(6, 9)} = 0 THEN NULL ELSE '' || (1970 + ${random(7, 55)}) END,
    'category', CASE ${random(8, 7)} WHEN 0 THEN 'search' WHEN 1 THEN 'Editors' WHEN 2 THEN 'finance/payroll'
      WHEN 3 THEN 'finance/invoicing' WHEN 4 THEN 'ai/agents' WHEN 5 THEN 'ai' ELSE NULL END,
    'contact', json_object('email', 'info' || i || '@' || ${domain('i')}),
    'features', json_array('sso', 'api', ${random(9, 100)})) END`;

const tag = (salt: number): string => `CASE WHEN ${random(salt, 30)} = 0 THEN 'Künstliche Intelligenz'
  WHEN ${random(salt, 30)} = 1 THEN 'AI' WHEN ${random(salt, 30)} = 2 THEN 'ai ' WHEN ${random(salt, 30)} = 3 THEN 'C++'
  WHEN ${random(salt, 30)} = 4 THEN '🚀' WHEN ${random(salt, 30)} = 5 THEN '' ELSE 'tag ' || ${random(salt, 60)} END`;
const tags = `CASE
  WHEN i % 19 = 0 THEN '[]'
  WHEN i % 307 = 1 THEN NULL
  WHEN i % 907 = 2 THEN ''
  WHEN i % 1301 = 3 THEN '["broken", '
  WHEN i % 1401 = 4 THEN '{"not": "a list"}'
  WHEN i % 1501 = 5 THEN '[null, 1, "one", ["two"], 9007199254740993]'
  ELSE json_array(${tag(11)}, ${tag(12)}, ${tag(13)}) END`;

const summary = `CASE
  WHEN i % 3 = 0 THEN NULL
  WHEN i % 23 = 1 THEN ${sentence(15)} || ' Write to jane.doe' || i || '@example.org or call.'
  ELSE ${sentence(15)} || '. ' || ${sentence(16)} END`;

// One description has a byte that is no UTF-8, and one a NUL in it.
const short = `CASE WHEN i % 10007 = 11 THEN CAST(x'4272c3' AS TEXT) WHEN i % 10007 = 12 THEN 'a' || char(0) || 'b'
  WHEN i % 7 = 0 THEN NULL WHEN i % 211 = 0 THEN '' ELSE ${sentence(17)} END`;

function nodesSql(total: number): string {
  return `
    ${numbers(total)}, size (total) AS (SELECT ${total})
    INSERT INTO nodes (id, title, url, source_domain, date_added, company, phrase_description, short_description, logo_url,
      ai_summary, extracted_fields, metadata_tags, function_parent_id, organization_parent_id, is_deleted, created_at, updated_at)
    SELECT ${id('i')}, CASE WHEN i % 401 = 0 THEN '' ELSE ${sentence(18)} || ' ' || i END, ${url}, ${domain('i')},
      CASE WHEN i % 29 = 0 THEN NULL ELSE date('2019-01-01', '+' || ${random(19, 2500)} || ' days') END,
      ${company}, ${sentence(20)}, ${short},
      CASE WHEN i % 5 = 0 THEN NULL ELSE 'https://' || ${domain('i')} || '/logo.png?utm=' || i END,
      ${summary}, ${extracted}, ${tags}, ${functionParent}, ${organizationParent},
      CASE WHEN ${random(21, 25)} = 0 THEN 1 WHEN ${random(21, 25)} = 1 AND i % 4 = 0 THEN NULL ELSE 0 END,
      datetime(1577836800 + i * 60, 'unixepoch'), datetime(1577836800 + i * 60 + ${random(22, 100_000_000)}, 'unixepoch')
    FROM n, size`;
}

const numbers = (upTo: number): string =>
  `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${upTo})`;

// One that a few nodes share, and one that many do. The rows without a node were there before anybody looked.
function conceptsSql(total: number): string {
  return `
    ${numbers(total)} INSERT INTO key_concepts (node_id, concept)
      SELECT ${id('i')}, 'concept ' || ${random(31, Math.ceil(total / 4))} FROM n;
    ${numbers(total)} INSERT INTO key_concepts (node_id, concept)
      SELECT ${id('i')}, (SELECT text FROM temp.sentences WHERE id = ${random(32, 60)}) FROM n;
    ${numbers(25)} INSERT INTO key_concepts (node_id, concept) SELECT 'gone-' || i, 'orphan ' || i FROM n;
    DROP TABLE temp.sentences`;
}

const LISTS = `
  INSERT INTO segments (name, code, description, color) VALUES
    ('Enterprise', 'ENT', 'more than 1000 people', '#ff0000'), ('Mid-market', 'MID', NULL, NULL),
    ('Small business', 'SMB', '', '#00ff00'), ('Éducation', NULL, 'schools; "colleges"', ''), ('Nobody''s', NULL, NULL, NULL);
  DELETE FROM segments WHERE code = 'MID';
  INSERT INTO organizations (name, code, description, color) VALUES ('Research', 'O1', NULL, '#123456'), ('Sales', 'O2', NULL, NULL);
  INSERT INTO organizations (id, name, code, description) VALUES (9007199254740993, 'Imported', 'O-BIG', x'00ff')`;
