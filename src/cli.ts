#!/usr/bin/env node
// Nothing may be imported before this check: better-sqlite3 crashes an older Node without a word.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 22 || (major === 22 && minor < 14)) {
  process.stderr.write(`decant needs Node.js 22.14 or later; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  const { runToTheEnd } = await import('./main.js');
  runToTheEnd(process.argv.slice(2));
}
