import type { Connection } from "./connection.ts";
import { NeuralDocFlowError } from "./errors.ts";
import type { ProcessingRequest, StreamConfig } from "./types.ts";
import { asRequest } from "./uploads.ts";
import { type Backoff, pause, randomId, sleep } from "./waiting.ts";

/** How often a document is sent again that the service had no room for. */
const MOST_REFUSALS = 8;

interface Stream {
  config: StreamConfig;
  /** Its id in the present connection. */
  there: Promise<string>;
}

/** Streams by ids of our own: a service's stream ends with its connection, and is begun anew in the next one. */
export class Streams {
  readonly #connection: () => Connection;
  readonly #all = new Map<string, Stream>();

  constructor(connection: () => Connection) {
    this.#connection = connection;
  }

  async start(config: StreamConfig, signal?: AbortSignal): Promise<string> {
    const id = randomId();
    const there = await this.#open(config, signal);
    this.#all.set(id, { config, there: Promise.resolve(there) });
    return id;
  }

  /** Put a document into a stream; its job's id when there is room for it. */
  async send(
    id: string,
    document: ProcessingRequest["document"],
    backoff: Backoff,
    signal?: AbortSignal,
  ): Promise<string> {
    const request = asRequest(document); // with one key for all tries
    for (let refused = 0; ; ) {
      const stream = this.#all.get(id);
      if (!stream) throw new NeuralDocFlowError("invalid_request", "There is no such stream.");
      const connection = this.#connection();
      try {
        const wanted = { stream_id: await stream.there, ...request };
        const told = await connection.request("stream_document", wanted, {
          again: false,
          timeoutMs: 2 ** 31 - 1, // room comes when a document is done
          signal,
        });
        return String(told.job_id);
      } catch (error) {
        if (!(error instanceof NeuralDocFlowError)) throw error;
        if (error.code === "unreachable") await connection.opened(signal);
        else if (error.code !== "rate_limited" || refused >= MOST_REFUSALS) throw error;
        else await sleep(pause(refused++, backoff), signal); // very many wait already
      }
    }
  }

  /** What is under way goes on, and its results still come. */
  stop(id: string): void {
    const stream = this.#all.get(id);
    this.#all.delete(id);
    stream?.there
      .then(stream_id => this.#connection().request("stop_stream", { stream_id }, { again: false }))
      .catch(() => {}); // a stream ends with its connection
  }

  /** Begin all anew on a new connection. */
  restore(): void {
    for (const stream of this.#all.values()) {
      stream.there = this.#open(stream.config);
      stream.there.catch(() => {}); // send hears of it
    }
  }

  /** The client has disconnected. */
  clear(): void {
    this.#all.clear();
  }

  async #open({ profile, priority, options, window }: StreamConfig, signal?: AbortSignal): Promise<string> {
    const wanted = { profile, options: { ...(priority ? { priority } : {}), ...options } };
    const asked = window ? { ...wanted, window } : wanted;
    const told = await this.#connection().request("start_stream", asked, { signal });
    return String(told.stream_id);
  }
}
