const PAUSE_MS = 50;

/** Listeners that are told once of many changes that come together: of the first at once, of the rest after a
 * moment. Two hundred documents that are sent would else draw the page two thousand times. */
export class Bell {
  readonly #listeners = new Set<() => void>();
  readonly #prepare: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #again = false;

  /** `prepare` is called before listeners are told. */
  constructor(prepare: () => void = () => {}) {
    this.#prepare = prepare;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Something has changed. */
  ring(): void {
    this.#again = this.#timer !== undefined;
    if (!this.#again) this.#tell();
  }

  #tell(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#again) this.ring();
    }, PAUSE_MS);
    this.#prepare();
    for (const listener of [...this.#listeners]) listener();
  }
}
