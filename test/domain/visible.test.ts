import { describe, expect, it } from '@jest/globals';
import { visible } from '../../src/domain/visible.js';

describe('visible', () => {
  it.each([
    ['CREATE TABLE t (\n\ta,\r\n\tb)', 'CREATE TABLE t (\n\ta,\r\n\tb)'],
    ['é 😀 \u00A0', 'é 😀 \u00A0'],
    ['\u001B[31mred\u001B[0m', '\\x1b[31mred\\x1b[0m'],
    ['a\0b\u0007\u007F\u009B2J', 'a\\x00b\\x07\\x7f\\x9b2J'],
    ['over\rwritten', 'over\\x0dwritten'],
    ['\u202Eback\u2066', '\\u202eback\\u2066'],
  ])('shows %j as %j', (text, shown) => {
    expect(visible(text)).toBe(shown);
  });
});
