import type { Connection } from "./connection.ts";
import { NeuralDocFlowError } from "./errors.ts";
import { MOST_IN_MESSAGE, sendInPieces } from "./pieces.ts";
import type { ProcessingRequest, StreamConfig } from "./types.ts";
import { asRequest } from "./uploads.ts";
import { type Backoff, pause, randomId, sleep, unlessAborted } from "./waiting.ts";

/** How often a document is sent again that the service had no room for. */
const MOST_REFUSALS = 8;

interface Stream {
  config: StreamConfig;
  /** Its id in the present connection; null where it was refused there. */
  there: Promise<string> | null;
}

/** Streams by ids of our own: a service's stream ends with its connection, and is begun anew in the next one. */
export class Streams {
  readonly #connection: () => Connection;
  readonly #all = new Map<string, Stream>();
  /** The last of the documents that go in pieces: one at a time, since a connection takes few at once. */
  #lastInPieces: Promise<unknown> = Promise.resolve();

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
    let request: object = asRequest(document); // with one key for all tries
    const isLarge = document.source !== "url" && document.content.length > MOST_IN_MESSAGE;
    const forever = 2 ** 31 - 1; // room comes when a document is done
    let uploadedTo: Stream["there"] | null = null;
    for (let refused = 0; ; ) {
      const stream = this.#all.get(id);
      if (!stream) throw new NeuralDocFlowError("invalid_request", "There is no such stream.");
      const connection = this.#connection();
      try {
        await unlessAborted(this.#there(stream), signal);
        if (isLarge && uploadedTo !== stream.there) {
          request = { document: await unlessAborted(this.#inPieces(connection, document, signal), signal) };
          uploadedTo = stream.there; // another connection does not know it
        }
        const wanted = { stream_id: await unlessAborted(this.#there(stream), signal), ...request };
        const options = { again: false, timeoutMs: forever, signal };
        const told = await connection.request("stream_document", wanted, options);
        return String(told.job_id);
      } catch (error) {
        if (!(error instanceof NeuralDocFlowError)) throw error;
        if (error.code === "unreachable") await connection.opened(signal);
        else if (error.code !== "rate_limited" || refused >= MOST_REFUSALS) throw error;
        else await sleep(pause(refused++, backoff), signal); // very many wait already
      }
    }
  }

  /** Sends a large document when those before it are there. */
  #inPieces(...[connection, document, signal]: Parameters<typeof sendInPieces>) {
    const sent = this.#lastInPieces.then(() => {
      signal?.throwIfAborted();
      return sendInPieces(connection, document, signal);
    });
    this.#lastInPieces = sent.catch(() => {});
    return sent;
  }

  /** What is under way goes on, and its results still come. */
  stop(id: string): void {
    const stream = this.#all.get(id);
    this.#all.delete(id);
    stream?.there
      ?.then(stream_id => this.#connection().request("stop_stream", { stream_id }, { again: false }))
      .catch(() => {}); // a stream ends with its connection
  }

  /** Begin all anew on a new connection. */
  restore(): void {
    for (const stream of this.#all.values()) {
      stream.there = null;
      this.#there(stream).catch(() => {}); // send hears of it
    }
  }

  /** The client has disconnected. */
  clear(): void {
    this.#all.clear();
  }

  /** Its id in the present connection; begun with the next document where it was refused before. */
  #there(stream: Stream): Promise<string> {
    if (stream.there) return stream.there;
    const there = this.#open(stream.config);
    stream.there = there;
    there.catch(() => {
      if (stream.there === there) stream.there = null;
    });
    return there;
  }

  async #open({ profile, priority, options, window }: StreamConfig, signal?: AbortSignal): Promise<string> {
    const wanted = { profile, options: { ...(priority ? { priority } : {}), ...options } };
    const asked = window ? { ...wanted, window } : wanted;
    const told = await this.#connection().request("start_stream", asked, { signal });
    return String(told.stream_id);
  }
}
