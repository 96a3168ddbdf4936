/** Executions that take less than this, in milliseconds, are timed by sample: reading the clock would cost as much. */
const SHORT = 0.01;

/** How many executions are timed in any case. */
const ALL_OF_THE_FIRST = 32;

/**
 * Adds up the time of the executions of one statement. Long ones are all timed. Of short ones one in sixteen is, on
 * average and by chance, so that no rhythm of the statement's own is taken for the whole; it stands for those before it.
 */
export class Stopwatch {
  #sum = 0;
  #timed = 0;
  #counted = 0;
  /** How many executions have passed untimed since the last that was. */
  #passed = 0;
  #toPass = 0;
  #seed = 1;
  /** When the first execution began, and when the last that was timed ended. */
  begin = 0;
  end = 0;

  /** Whether this execution is to be timed; to be asked once of each. */
  get isDue(): boolean {
    if (this.#passed === this.#toPass) return true;
    this.#passed += 1;
    return false;
  }

  /** Adds an execution that was timed. */
  add(from: number, to: number): void {
    const duration = to - from;
    const weight = this.#passed + 1;
    if (this.#timed === 0) this.begin = from;
    // All together cannot have taken more than the time that has passed.
    this.#sum += weight === 1 ? duration : Math.min(duration * weight, to - this.end);
    this.end = to;
    this.#timed += 1;
    this.#counted += weight;
    this.#passed = 0;
    this.#toPass = duration < SHORT && this.#timed >= ALL_OF_THE_FIRST ? this.#random() : 0;
  }

  /** Milliseconds, those that were not timed included. */
  get total(): number {
    return this.#timed === 0 ? 0 : this.#sum + (this.#passed * this.#sum) / this.#counted;
  }

  // 0 to 30, by a generator that costs next to nothing and is the same in each run.
  #random(): number {
    this.#seed = (Math.imul(this.#seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.#seed >>> 16) % 31;
  }
}
