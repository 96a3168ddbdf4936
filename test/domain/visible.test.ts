import { describe, expect, it } from '@jest/globals';
import { visible, visibleIn, visibleLines } from '../../src/domain/visible.js';

describe('visible', () => {
  it.each([
    ['plain: ä € 👩‍👩‍👧 \\ "x"', 'plain: ä € 👩‍👩‍👧 \\ "x"'],
    ['a\nb\r\tc', String.raw`a\nb\r\tc`],
    ['\u001B[31mred\u001B[0m', String.raw`\x1b[31mred\x1b[0m`],
    ['\u0000\u0007\u007F\u009B2J', String.raw`\x00\x07\x7f\x9b2J`],
    ['é 😀 \u00A0', 'é 😀 \u00A0'],
    ['fdp.\u202Exe\u2028', String.raw`fdp.\u202exe\u2028`],
  ])('writes out what a terminal would obey: %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it('leaves lines and tabs where there may be several', () => {
    expect(visibleLines('SELECT\r\n\t1;\r\u001B[2J')).toBe('SELECT\n\t1;' + String.raw`\r\x1b[2J`);
  });

  it('goes through a value, and leaves what is no text', () => {
    const error = new Error('a\nb');
    const value = { name: 'a\nb', sql: 'a\n\u001Bb', all: ['\u001B', 1, null, { message: '\n' }], error };
    expect(visibleIn(value)).toEqual({
      name: String.raw`a\nb`,
      sql: 'a\n' + String.raw`\x1bb`,
      all: [String.raw`\x1b`, 1, null, { message: '\n' }],
      error,
    });
    expect(visibleIn(value).error).toBe(error);
  });
});
