import nodeConsole from 'node:console';
import { afterEach } from '@jest/globals';

// oclif prints through console, which jest would otherwise decorate.
globalThis.console = nodeConsole;

// Each test file loads oclif anew, which listens for errors of the streams: a worker comes to more than ten.
for (const stream of [process.stdout, process.stderr]) stream.setMaxListeners(0);

// A command that ends with a code leaves it behind, and jest would end with it.
afterEach(() => {
  process.exitCode = undefined;
});
