import { describe, expect, it } from '@jest/globals';
import { sizeText } from '../../src/domain/size.js';

describe('sizeText()', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 KB'],
    [8192, '8.2 KB'],
    [169_400_000, '169.4 MB'],
    [2_000_000_000, '2.0 GB'],
  ])('shows %d as people read it', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
