/** Waits: with a signal that ends them, and random ones between tries. */

export interface Backoff {
  firstMs: number;
  mostMs: number;
}

/** How long to wait before a try (0 is the first): random up to a limit that doubles, so that many clients
 * of one gateway do not come back at the same moment. */
export function pause(
  attempt: number,
  { firstMs, mostMs }: Backoff,
  random: () => number = Math.random,
): number {
  const most = Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(most / 4 + random() * most * 0.75);
}

/** Resolves after a while; rejects with the signal's reason when it aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** What is waited for, but no longer than until the signal aborts: then its reason is thrown. */
export function unlessAborted<Made>(work: Promise<Made>, signal?: AbortSignal): Promise<Made> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A random id; `crypto.randomUUID` is missing on pages that are not served securely. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, each => each.toString(16).padStart(2, "0")).join("");
}

/** Callbacks that are told something. */
export class Listeners<Told> {
  #all = new Set<(told: Told) => void>();

  add(listener: (told: Told) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }

  /** Tell all; one that throws does not keep the others from hearing. */
  tell(told: Told): void {
    for (const listener of [...this.#all]) {
      try {
        listener(told);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
