import { errorOf, NeuralDocFlowError, refusalOf, unreachable } from "./errors.ts";
import type { ConnectionStatus } from "./types.ts";
import { type Backoff, Listeners, pause, randomId, sleep } from "./waiting.ts";

/** What the service sends. */
interface Envelope {
  id: string | null;
  type: "response" | "event" | "error";
  timestamp: string;
  payload: Record<string, unknown>;
}

/** An event's envelope. */
export interface EventEnvelope {
  id: string;
  payload: { channel: string; event: string; offset: string; data: Record<string, unknown> };
}

interface Waiting {
  /** The message. */
  text: string;
  /** Ask again after a reconnection; else it ends with the connection. */
  again: boolean;
  done(): void;
  resolve(answer: Record<string, unknown>): void;
  reject(error: unknown): void;
}

export interface RequestOptions {
  again?: boolean;
  /** For the answer; what a slow line needs for the message, and for those sent before it, comes on top. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

export interface Ways {
  url: string;
  socket: typeof WebSocket;
  backoff: Backoff;
  connectTimeoutMs: number;
  pingMs: number;
  requestTimeoutMs: number;
  keepTrying: boolean;
}

const PROTOCOL = "neuraldocflow.v1";
const SLOW_BYTES_A_MS = 100;
const LONGEST_MS = 2 ** 31 - 1;
const FOR_GOOD = ["unauthorized", "forbidden"];

/** One WebSocket that is kept: authenticated, pinged, opened again when it breaks. Knows requests and answers;
 * what events mean and which subscriptions there are is its owner's, who restores them in `restore`. */
export class Connection {
  readonly #ways: Ways;
  readonly #key: string;
  readonly #restore: () => Promise<void>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #ended = new AbortController();
  readonly events = new Listeners<EventEnvelope>();
  readonly refusals = new Listeners<NeuralDocFlowError>();
  readonly statuses = new Listeners<ConnectionStatus>();
  #socket: WebSocket | null = null;
  #wake: () => void = () => {};
  #open = false;
  /** How much was sent since something last came. */
  #unheard = 0;
  #granted: Pick<ConnectionStatus, "key"> = {};

  constructor(key: string, ways: Ways, restore: () => Promise<void>) {
    this.#key = key;
    this.#ways = ways;
    this.#restore = restore;
  }

  /** Connect, and stay connected. Resolves when it is for the first time. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      void this.#stay(resolve, reject);
    });
  }

  /** End it: what waits for an answer is rejected. */
  end(error = new NeuralDocFlowError("disconnected", "The client has disconnected.")): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(error);
    this.#open = false;
    this.#socket?.close(1000);
    for (const [id, each] of this.#waiting) this.#settle(id, () => each.reject(error));
    this.#tell({ state: "disconnected", error });
  }

  /** Try now rather than when the wait is over: the network is back, the page is looked at. */
  hurry(): void {
    this.#wake();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Throws why it has ended, if it has. */
  throwIfEnded(): void {
    this.#ended.signal.throwIfAborted();
  }

  /** Resolves when it is open, rejects when it has ended or the signal aborts. */
  opened(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#open) return resolve();
      if (this.#ended.signal.aborted) return reject(this.#ended.signal.reason);
      const stop = this.statuses.add(({ state, error }) => {
        if (state === "connected") resolve();
        else if (state === "disconnected") reject(error);
        else return;
        end();
      });
      const abort = () => {
        reject(signal?.reason);
        end();
      };
      const end = () => {
        stop();
        signal?.removeEventListener("abort", abort);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Ask and get the answer; with `again`, over as many connections as it takes until the time-out. */
  request(
    action: string,
    payload: object,
    { again = true, timeoutMs = this.#ways.requestTimeoutMs, signal }: RequestOptions = {},
  ): Promise<Record<string, unknown>> {
    if (this.#ended.signal.aborted) return Promise.reject(this.#ended.signal.reason);
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const id = randomId();
      const text = asking(id, action, payload);
      const mostMs = Math.min(timeoutMs + (this.#unheard + text.length) / SLOW_BYTES_A_MS, LONGEST_MS);
      const timer = setTimeout(() => {
        const seconds = Math.round(mostMs / 1000);
        const message = `The service has not answered ${action} within ${seconds} s.`;
        this.#settle(id, () => reject(new NeuralDocFlowError("no_answer", message)));
      }, mostMs);
      const abort = () => this.#settle(id, () => reject(signal?.reason));
      signal?.addEventListener("abort", abort, { once: true });
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      this.#waiting.set(id, { text, again, done, resolve, reject });
      if (this.#open) this.#send(text);
      else if (!again) this.#settle(id, () => reject(unreachable()));
    });
  }

  async #stay(connected: () => void, refused: (error: unknown) => void): Promise<void> {
    const { signal } = this.#ended;
    let everOpen = false;
    let attempt = 0;
    this.#tell({ state: "connecting" });
    if (!this.#key) this.end(new NeuralDocFlowError("unauthorized", "A key is needed."));
    while (!signal.aborted) {
      let error: NeuralDocFlowError;
      try {
        const { closed } = await this.#connect();
        everOpen = true;
        attempt = 0;
        this.#tell({ state: "connected" });
        connected();
        error = await closed;
      } catch (failure) {
        error = failure instanceof NeuralDocFlowError ? failure : unreachable(failure);
      }
      this.#lost(error);
      if (signal.aborted) break;
      if (FOR_GOOD.includes(error.code) || !(everOpen || this.#ways.keepTrying)) this.end(error);
      else await this.#pause(attempt++, error);
    }
    refused(signal.reason);
  }

  async #pause(attempt: number, error: NeuralDocFlowError): Promise<void> {
    const retryInMs = pause(attempt, this.#ways.backoff);
    const woken = new AbortController();
    const end = () => woken.abort();
    this.#wake = end;
    this.#ended.signal.addEventListener("abort", end, { once: true });
    this.#tell({ state: "reconnecting", retryInMs, error });
    await sleep(retryInMs, woken.signal).catch(() => {});
    this.#ended.signal.removeEventListener("abort", end);
    this.#wake = () => {};
  }

  /** Open, authenticate, ask again what was not answered, restore. `closed` resolves when it is over. */
  async #connect(): Promise<{ closed: Promise<NeuralDocFlowError> }> {
    const socket = new this.#ways.socket(this.#ways.url, PROTOCOL);
    this.#socket = socket;
    let abandon = () => {};
    const closed = new Promise<NeuralDocFlowError>(resolve => {
      socket.onclose = event => resolve(closing(event.code, event.reason, this.#open));
      abandon = () => {
        socket.onmessage = null;
        socket.close(); // a dead line would be waited for until its handshake times out
        resolve(unreachable());
      };
    });
    socket.onerror = () => {}; // a close follows, which says more
    socket.onmessage = event => this.#take(String(event.data));
    const timer = setTimeout(abandon, this.#ways.connectTimeoutMs);
    try {
      const opened = new Promise<void>(resolve => {
        socket.onopen = () => resolve();
      });
      await orClosed(opened, closed);
      const { tenant, scopes } = await orClosed(this.#authenticate(), closed);
      if (tenant) this.#granted = { key: { tenant, scopes } as NonNullable<ConnectionStatus["key"]> };
    } finally {
      clearTimeout(timer);
    }
    this.#open = true;
    for (const { text } of this.#waiting.values()) this.#send(text);
    const pings = setInterval(() => this.#ping(abandon), this.#ways.pingMs);
    void closed.then(() => clearInterval(pings));
    await orClosed(this.#restore(), closed);
    this.#ended.signal.throwIfAborted(); // who follows was told of the end: that is no connection
    return { closed };
  }

  /** The key goes in a message rather than in the address, which others may write down. */
  #authenticate(): Promise<Record<string, unknown>> {
    const id = randomId();
    return new Promise((resolve, reject) => {
      const text = asking(id, "authenticate", { token: this.#key });
      this.#waiting.set(id, { text, again: false, done() {}, resolve, reject });
      this.#send(text);
    });
  }

  #tell(status: ConnectionStatus): void {
    this.statuses.tell({ ...this.#granted, ...status });
  }

  /** Browsers do not tell of pings: without one of our own a dead connection looks like a quiet one. */
  #ping(abandon: () => void): void {
    this.request("ping", {}, { again: false, timeoutMs: 2 * this.#ways.pingMs }).catch(error => {
      if (error instanceof NeuralDocFlowError && error.code === "no_answer") abandon(); // a refusal is an answer
    });
  }

  #send(text: string): void {
    if (this.#socket?.readyState !== 1) return; // it will be asked again
    this.#unheard += text.length;
    this.#socket.send(text);
  }

  #take(text: string): void {
    this.#unheard = 0;
    const message = JSON.parse(text) as Envelope;
    if (message.type === "event") {
      this.events.tell(message as unknown as EventEnvelope);
      return;
    }
    const waiting = message.id === null ? undefined : this.#waiting.get(message.id);
    if (message.type === "error") {
      const error = (this.#open ? refusalOf : errorOf)(message.payload);
      if (waiting) this.#settle(message.id as string, () => waiting.reject(error));
      else this.refusals.tell(error);
    } else if (waiting) {
      this.#settle(message.id as string, () => waiting.resolve(message.payload));
    }
  }

  /** The connection is gone: who does not wait for the next one is told. */
  #lost(error: NeuralDocFlowError): void {
    this.#open = false;
    this.#socket = null;
    const refused = error.code !== "unreachable"; // asked again, the same message would end the next one too
    for (const [id, each] of this.#waiting) {
      if (refused || !each.again) this.#settle(id, () => each.reject(error));
    }
  }

  #settle(id: string, settle: () => void): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    waiting.done();
    settle();
  }
}

/** A request as it goes over the line. */
function asking(id: string, action: string, payload: object): string {
  const timestamp = new Date().toISOString();
  return JSON.stringify({ id, type: "request", timestamp, payload: { action, ...payload } });
}

function orClosed<T>(wanted: Promise<T>, closed: Promise<NeuralDocFlowError>): Promise<T> {
  const gone = closed.then(error => {
    throw error;
  });
  return Promise.race([wanted, gone]);
}

/** Why the service has closed. A key that may do something else than when its session began is asked to come again. */
function closing(code: number, reason: string, inSession: boolean): NeuralDocFlowError {
  if (code === 4401 && !reason.startsWith("no authentication"))
    return new NeuralDocFlowError("unauthorized", "The key is not valid, or no longer.");
  if (code === 4403 && !inSession)
    return new NeuralDocFlowError("forbidden", "The key may not be used here.");
  if (code === 4413)
    return new NeuralDocFlowError("too_large", "A message was larger than the service takes.");
  if (code === 4400) return new NeuralDocFlowError("invalid_request", `The service closed: ${reason}.`);
  return unreachable();
}
