// The same migrations as others/typescript.js, compiled before.
import { transformSync } from '@swc/core';
import { open as openDecant } from '../peers/decant.js';
import { files as sources } from './typescript.js';

const OPTIONS = {
  module: { type: 'es6' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
};

export const files = (migrations) =>
  sources(migrations).map(([name, text]) => [name.replace(/ts$/, 'mjs'), transformSync(text, OPTIONS).code]);

export const open = openDecant;
