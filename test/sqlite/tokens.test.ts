import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { array, assert, constantFrom, property, string } from 'fast-check';
import { foldName, isWord, nameOf, quoteName, statementsOf, tokensOf } from '../../src/sqlite/tokens.js';

const textsOf = (sql: string) => tokensOf(sql).map(({ text }) => text);

describe('tokensOf', () => {
  it.each([
    ["SELECT 'it''s; not -- a comment'", ['SELECT', "'it''s; not -- a comment'"]],
    ['"a""b" [c ]d] `e``f`', ['"a""b"', '[c ]', 'd', ']', '`e``f`']],
    ['a -- b ; \n c /* d ; */ e', ['a', 'c', 'e']],
    ["x'00' X'fF' 0xFF 1e3 1_000 .5", ["x'00'", "X'fF'", '0xFF', '1e3', '1_000', '.5']],
    ['?1 :a @b $c::d ->> || <>', ['?1', ':a', '@b', '$c::d', '->>', '||', '<>']],
    ["😀 ünï a$b '😀'", ['😀', 'ünï', 'a$b', "'😀'"]],
    ['\uFEFFa\v\uFEFF\uFEFFb "\uFEFF"', ['a', 'b', '"\uFEFF"']],
    ['a\uFEFFb', ['a\uFEFFb']],
    ['', []],
    ['/* open', []],
    ["'open", ["'open"]],
  ])('reads %j', (sql, texts) => {
    expect(textsOf(sql)).toEqual(texts);
  });

  it('knows where each token is, and loses nothing but white space and comments between them', () => {
    const piece = constantFrom(
      'SELECT',
      "'a''b'",
      '"q""r"',
      '[x y]',
      '`z`',
      ' ',
      '\n',
      '\t',
      '-- c\n',
      "/* ;' */",
      '😀é',
      '(',
      ')',
      ',',
      ';',
      '1_0',
      "x'0f'",
      '-',
      '||',
      '.',
      '?2',
      '#',
      '!',
    );
    assert(
      property(array(piece), (pieces) => {
        const sql = pieces.join('');
        let end = 0;
        let rebuilt = '';
        for (const token of tokensOf(sql)) {
          const between = sql.slice(end, token.start);
          expect(between.replaceAll(/--[^\n]*(?:\n|$)|\/\*[^]*?(?:\*\/|$)|\s/g, '')).toBe('');
          expect(sql.slice(token.start, token.end)).toBe(token.text);
          rebuilt += between + token.text;
          end = token.end;
        }
        expect(sql.startsWith(rebuilt)).toBe(true);
      }),
    );
  });
});

describe('statementsOf', () => {
  it.each([
    ['a; b;; c', [['a'], ['b'], ['c']]],
    [';', []],
    [
      'CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; DELETE FROM y; END; DROP TABLE z',
      [
        'CREATE TRIGGER t AFTER INSERT ON x BEGIN SELECT CASE 1 WHEN 1 THEN 2 END ; DELETE FROM y ; END'.split(
          ' ',
        ),
        ['DROP', 'TABLE', 'z'],
      ],
    ],
    ['CREATE TEMP TRIGGER IF NOT EXISTS t AFTER INSERT ON x BEGIN SELECT 1; END; a', 2],
    ['CREATE TABLE trigger_log (x); a', 2],
    ['CREATE TABLE trigger (x); a', 2],
    ['DROP TRIGGER t; a', 2],
  ] as const)('divides %j', (sql, expected) => {
    const statements = Array.from(statementsOf(sql), (tokens) => tokens.map(({ text }) => text));
    if (typeof expected === 'number') expect(statements).toHaveLength(expected);
    else expect(statements).toEqual(expected);
  });
});

describe('names', () => {
  it.each([
    ['"a""b"', 'a"b'],
    ['`a``b`', 'a`b'],
    ['[a b]', 'a b'],
    ["'it''s'", "it's"],
    ['users', 'users'],
    ['_x', '_x'],
    ['ünï', 'ünï'],
    ["x'00'", undefined],
    ['12', undefined],
    ['(', undefined],
  ])('reads the name that %j stands for', (text, name) => {
    expect(nameOf({ text, start: 0, end: text.length })).toBe(name);
    expect(nameOf(undefined)).toBeUndefined();
  });

  it('quotes any name so that SQLite, and the tokenizer, read it back', () => {
    const db = new Database(':memory:');
    assert(
      property(string({ unit: 'grapheme' }), (text) => {
        const name = text.replaceAll('\0', '');
        expect(nameOf(tokensOf(quoteName(name))[0])).toBe(name);
        const [column] = db.prepare(`SELECT 1 AS ${quoteName(name)}`).columns();
        if (name !== '') expect(column?.name).toBe(name);
      }),
    );
  });

  it('compares names as SQLite does: ASCII alone has cases', () => {
    expect(foldName('ÄBC')).toBe('Äbc');
    expect(isWord(tokensOf('select')[0], 'SELECT')).toBe(true);
    expect(isWord(tokensOf('"select"')[0], 'SELECT')).toBe(false);
    expect(isWord(undefined, 'SELECT')).toBe(false);
  });
});
