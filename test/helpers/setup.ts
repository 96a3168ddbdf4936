import nodeConsole from 'node:console';
import { afterEach } from '@jest/globals';

// oclif prints through console, which jest would otherwise decorate.
globalThis.console = nodeConsole;

// A command that ends with a code leaves it behind, and jest would end with it.
afterEach(() => {
  process.exitCode = undefined;
});
