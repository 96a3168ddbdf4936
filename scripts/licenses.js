// The notices of what the build puts into lib/: licences such as MIT's ask that they go along.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes one file of them. @param metafiles what esbuild says of its builds */
export function writeLicenses(file, metafiles) {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs));
  const folders = new Set(outputs.flatMap(({ inputs }) => Object.entries(inputs).flatMap(packageOf)));
  const notices = [...folders].map(noticeOf).toSorted();
  const rule = `\n${'-'.repeat(80)}\n\n`;
  writeFileSync(file, ['lib/ contains code of these packages.\n', ...notices].join(rule));
}

// The folder of the package that a file belongs to, where any of it was taken.
function packageOf([file, { bytesInOutput }]) {
  return bytesInOutput > 0 ? (/^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file) ?? []) : [];
}

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  if (texts.length === 0 && license === undefined) throw new Error(`${name} does not say its licence`);
  return [`${name} ${version} (${license})`, ...texts].join('\n\n') + '\n';
}
