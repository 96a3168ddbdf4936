/**
 * Takes the first SIGINT as a wish to pause, while there is something to be paused. A second, and any at another time,
 * ends the process as ever.
 */
export class Interrupt {
  readonly #controller = new AbortController();
  readonly #abort = (): void => this.#controller.abort();
  #listens = false;

  /** Aborted by the first. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  listen(): void {
    if (this.#listens || this.signal.aborted) return;
    this.#listens = true;
    process.once('SIGINT', this.#abort);
  }

  ignore(): void {
    this.#listens = false;
    process.off('SIGINT', this.#abort);
  }
}
