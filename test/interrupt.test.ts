import { afterEach, describe, expect, it } from '@jest/globals';
import { Interrupt } from '../src/interrupt.js';

const before = process.listenerCount('SIGINT');
const listeners = (): number => process.listenerCount('SIGINT') - before;

describe('SIGINT', () => {
  const interrupt = new Interrupt();
  afterEach(() => interrupt.ignore());

  it('ends the process while nothing can be paused', () => {
    expect(listeners()).toBe(0);
    interrupt.listen();
    interrupt.listen();
    expect(listeners()).toBe(1);
    interrupt.ignore();
    expect(listeners()).toBe(0);
  });

  it('is a wish to pause while something can, and ends the process when it comes again', () => {
    interrupt.listen();
    process.emit('SIGINT');
    expect(interrupt.signal.aborted).toBe(true);
    expect(listeners()).toBe(0);
    interrupt.listen();
    expect(listeners()).toBe(0);
  });
});
