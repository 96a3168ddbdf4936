import { afterEach, beforeEach } from '@jest/globals';

const STREAMS = ['stdin', 'stdout', 'stderr'] as const;

/** Has the tests of the calling file or describe run as on a terminal with somebody at it, CI or not. */
export function onTerminal(): void {
  let restore: readonly (() => void)[] = [];
  beforeEach(() => {
    const { CI } = process.env;
    delete process.env['CI'];
    restore = [
      ...STREAMS.map((name) => makeTerminal(process[name])),
      () => {
        if (CI === undefined) delete process.env['CI'];
        else process.env['CI'] = CI;
      },
    ];
  });
  afterEach(() => {
    for (const undo of restore) undo();
  });
}

function makeTerminal(stream: { isTTY?: boolean }): () => void {
  const before = Object.getOwnPropertyDescriptor(stream, 'isTTY');
  Object.defineProperty(stream, 'isTTY', { value: true, configurable: true, writable: true });
  return () => {
    if (before === undefined) delete stream.isTTY;
    else Object.defineProperty(stream, 'isTTY', before);
  };
}
