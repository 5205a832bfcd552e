import { Socket } from "#websocket";
import { Connection } from "./connection.ts";
import { NeuralDocFlowError, unreachable } from "./errors.ts";
import { Http, parsed } from "./http.ts";
import { MOST_IN_MESSAGE } from "./pieces.ts";
import { done, resultOrThrow } from "./results.ts";
import type { ProcessingResult } from "./schema.ts";
import { Streams } from "./streams.ts";
import { type Follower, Subscriptions } from "./subscriptions.ts";
import type {
  Channel,
  ChannelEvent,
  ConnectionOptions,
  ConnectionStatus,
  ErrorEvent,
  Job,
  JobEvent,
  JobPage,
  JobsWanted,
  NeuralDocFlowWebSocket,
  OutputFormat,
  ProcessingRequest,
  ProfileSummary,
  ProgressEvent,
  StreamConfig,
  SubmitOptions,
} from "./types.ts";
import { asRequest, fromBase64, type Left, submitAddress, upload } from "./uploads.ts";
import { type Backoff, Listeners } from "./waiting.ts";

const BACKOFF: Backoff = { firstMs: 250, mostMs: 15_000 };

/** Sends documents to a NeuralDocFlow service and follows them: WebSocket for events, HTTP for bytes.
 *
 * Errors are NeuralDocFlowError with a `code`. A lost connection comes back by itself, and every job that is
 * followed goes on where it was: no event is missed, none comes twice. */
export class NeuralDocFlowClient implements NeuralDocFlowWebSocket {
  #connection: Connection | null = null;
  #http: Http | null = null;
  #backoff = BACKOFF;
  readonly #left: Left = new Map();
  #leave: () => void = () => {};
  /** Follows what can't be followed over this connection; there while there is any. */
  #beside: NeuralDocFlowClient | null = null;
  #connectBeside: () => void = () => {};
  readonly #subscriptions = new Subscriptions(
    () => this.#connection,
    job => this.result(job),
  );
  readonly #streams = new Streams(() => this.#connected());
  /** Jobs whose events go to the listeners. */
  readonly #followed = new Map<string, Follower>();
  readonly #progress = new Listeners<ProgressEvent>();
  readonly #results = new Listeners<ProcessingResult>();
  readonly #errors = new Listeners<ErrorEvent>();
  readonly #statuses = new Listeners<ConnectionStatus>();

  /** Connect with a key. Rejects when the key is refused, and, without `keepTrying`, when the first try fails. */
  async connect(apiKey: string, options: ConnectionOptions = {}): Promise<void> {
    this.disconnect();
    options.signal?.throwIfAborted();
    const url = options.url ?? globalThis.location?.origin;
    if (!url) throw new NeuralDocFlowError("invalid_request", "Outside of a page, `url` must be given.");
    this.#backoff = options.backoff ?? BACKOFF;
    const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
    const stream = streamOf(url);
    const connection = new Connection(
      apiKey,
      {
        url: stream,
        socket: Socket,
        backoff: this.#backoff,
        connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
        pingMs: options.pingMs ?? 25_000,
        requestTimeoutMs,
        keepTrying: options.keepTrying ?? false,
      },
      () => this.#restore(),
    );
    this.#connection = connection;
    this.#http = new Http(url, apiKey, requestTimeoutMs, error => connection.end(error));
    connection.events.add(event => this.#subscriptions.take(event));
    connection.refusals.add(error => this.#tellError(error));
    connection.statuses.add(status => {
      this.#statuses.tell(status);
      if (status.state === "disconnected" && status.error?.code !== "disconnected" && status.error) {
        this.#tellError(status.error);
      }
    });
    this.#connectBeside = () => {
      this.#beside?.connect(apiKey, { ...options, keepTrying: true }).catch(() => {}); // ends as this one does
    };
    this.#connectBeside();
    const hurry = () => connection.hurry();
    globalThis.addEventListener?.("online", hurry);
    const abort = () => this.disconnect();
    options.signal?.addEventListener("abort", abort, { once: true });
    this.#leave = () => {
      globalThis.removeEventListener?.("online", hurry);
      options.signal?.removeEventListener("abort", abort);
    };
    try {
      await connection.start();
    } catch (error) {
      throw options.signal?.aborted ? options.signal.reason : error;
    }
  }

  /** End the connection. Jobs go on; what is followed can be taken up after another `connect`. */
  disconnect(): void {
    this.#leave();
    this.#leave = () => {};
    this.#connectBeside = () => {};
    this.#beside?.disconnect();
    this.#connection?.end();
    this.#connection = null;
    this.#streams.clear();
    this.#subscriptions.rest();
  }

  /** Try to reconnect now rather than after the present wait. */
  hurry(): void {
    this.#connection?.hurry();
    this.#beside?.hurry();
  }

  // Documents

  /** Process a document; its job's id, once it is durable. A lost connection does not lose the request: it is
   * sent again, and the same document is the same job. */
  async processDocument(request: ProcessingRequest, signal?: AbortSignal): Promise<string> {
    const { document, profile, options } = request;
    if (document.source === "url" || document.content.length <= MOST_IN_MESSAGE) {
      const wanted = { ...request, ...asRequest(document) };
      return String((await this.#connected().request("process_document", wanted, { signal })).job_id);
    }
    const bytes = new Blob([fromBase64(document.content)], { type: document.contentType ?? "" });
    return this.submit(bytes, { ...options, profile, ...(signal ? { signal } : {}) }, document.filename);
  }

  /** Process a file, or what is at an address; its job's id, once it is durable. Large files go in pieces that
   * survive a lost connection. */
  async submit(document: Blob | File | URL, options: SubmitOptions = {}, filename?: string): Promise<string> {
    if (document instanceof URL) return submitAddress(this.#web(), document, filename ?? "", options);
    const name = filename ?? ("name" in document ? document.name : "");
    return upload(this.#web(), document, name, options, this.#backoff, this.#left);
  }

  /** Process a file and wait for its result. Throws NeuralDocFlowError for one that failed. */
  async process(document: Blob | File | URL, options: SubmitOptions = {}): Promise<ProcessingResult> {
    const job = await this.submit(document, options);
    for await (const event of this.job(job, options.signal ? { signal: options.signal } : {})) {
      if (event.type === "result") return resultOrThrow(event.data);
    }
    throw unreachable();
  }

  // Jobs

  /** Follow a job: its events reach `onProgress` and `onResult`, those of the past first. */
  subscribeToJob(jobId: string): void {
    if (this.#followed.has(jobId)) return;
    const follower = {
      tell: (event: JobEvent) => {
        if (event.type === "progress") this.#progress.tell(event.data);
        if (event.type !== "result") return;
        this.unsubscribeFromJob(jobId);
        this.#results.tell(event.data);
      },
      fail: (error: NeuralDocFlowError) => {
        this.unsubscribeFromJob(jobId);
        this.#tellError(error, jobId);
      },
    };
    this.#followed.set(jobId, follower);
    this.#follow(jobId, follower);
  }

  unsubscribeFromJob(jobId: string): void {
    const follower = this.#followed.get(jobId);
    this.#followed.delete(jobId);
    if (follower) this.#unfollow(jobId, follower);
  }

  /** A job's events up to its result, each once and in order, over as many connections as it takes: all, or those
   * after the event with the offset. */
  async *job(
    jobId: string,
    { signal, fromOffset }: { signal?: AbortSignal; fromOffset?: string } = {},
  ): AsyncGenerator<JobEvent, void, void> {
    signal?.throwIfAborted();
    this.#connected();
    const waiting: JobEvent[] = [];
    let failure: unknown = null;
    let wake = () => {};
    const abort = () => {
      failure = signal?.reason;
      wake();
    };
    signal?.addEventListener("abort", abort, { once: true });
    const ended = this.#statuses.add(({ state, error }) => {
      if (state !== "disconnected") return;
      failure = error ?? unreachable();
      wake();
    });
    const follower = {
      tell(event: JobEvent) {
        waiting.push(event);
        wake();
      },
      fail(error: NeuralDocFlowError) {
        failure = error;
        wake();
      },
    };
    this.#follow(jobId, follower, fromOffset);
    try {
      for (;;) {
        for (let event = waiting.shift(); event; event = waiting.shift()) {
          yield event;
          if (event.type === "result") return;
        }
        if (failure) throw failure;
        await new Promise<void>(resolve => {
          wake = resolve;
        });
      }
    } finally {
      ended();
      signal?.removeEventListener("abort", abort);
      this.#unfollow(jobId, follower);
    }
  }

  async getJob(jobId: string, signal?: AbortSignal): Promise<Job> {
    return this.#web().json(pathOf(jobId), { signal });
  }

  /** The key's jobs, the newest first. */
  async listJobs({ limit = 50, after, status, signal }: JobsWanted = {}): Promise<JobPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (after) query.set("after", after);
    if (status) query.set("status", status);
    return this.#web().json(`/api/v1/jobs?${query}`, { signal });
  }

  /** Ask for a job to be cancelled; false where it is over already. */
  async cancel(jobId: string, signal?: AbortSignal): Promise<boolean> {
    const wanted = { method: "DELETE", signal };
    return (await this.#web().json<{ cancelling: boolean }>(pathOf(jobId), wanted)).cancelling;
  }

  /** Have a failed job's document processed once more; the id of the job it is then. */
  async retry(jobId: string, signal?: AbortSignal): Promise<string> {
    const wanted = { method: "POST", signal };
    return (await this.#web().json<{ job_id: string }>(pathOf(jobId, "/retry"), wanted)).job_id;
  }

  /** A job's result. Throws NeuralDocFlowError while there is none. */
  async result(jobId: string, signal?: AbortSignal): Promise<ProcessingResult> {
    return parsed(await this.resultAs(jobId, "json", signal));
  }

  /** A job's result as text. Throws NeuralDocFlowError while there is none. */
  async resultAs(jobId: string, format: OutputFormat, signal?: AbortSignal): Promise<string> {
    return done(await this.#web().send(pathOf(jobId, `/result?format=${format}`), { signal })).body.text();
  }

  /** A PDF with what was found in it boxed, coloured by confidence. Throws NeuralDocFlowError where there is none. */
  async annotated(jobId: string, signal?: AbortSignal): Promise<Blob> {
    return done(await this.#web().send(pathOf(jobId, "/annotated.pdf"), { signal })).body;
  }

  /** A page of a PDF document as a PNG at 110 dots an inch; pages count from 1. */
  async page(jobId: string, page: number, signal?: AbortSignal): Promise<Blob> {
    return (await this.#web().send(pathOf(jobId, `/pages/${page}.png`), { signal })).body;
  }

  async profiles(signal?: AbortSignal): Promise<ProfileSummary[]> {
    return (await this.#web().json<{ profiles: ProfileSummary[] }>("/api/v1/profiles", { signal })).profiles;
  }

  /** A profile's whole JSON form, as an extractor takes it. */
  async profile(name: string, signal?: AbortSignal): Promise<object> {
    return this.#web().json<object>(`/api/v1/profiles/${encodeURIComponent(name)}.json`, { signal });
  }

  /** Keep results that were made elsewhere; their jobs' ids. Sent again, they are the same jobs. */
  async syncResults(results: ProcessingResult[], signal?: AbortSignal): Promise<string[]> {
    const answer = await this.#web().json<{ job_ids: string[] }>("/api/v1/results/sync", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ results }),
      signal,
    });
    return answer.job_ids;
  }

  // Channels and streams

  /** Hear the events of all of the key's jobs, beside who hears the channel already. `onGap` is told when some were
   * missed for good. Throws NeuralDocFlowError where the channel is heard with another filter. */
  subscribeToChannel(
    channel: Channel,
    listener: (event: ChannelEvent) => void,
    { filter = {}, onGap = () => {} }: { filter?: Record<string, string>; onGap?: () => void } = {},
  ): Promise<void> {
    const fail = (error: NeuralDocFlowError) => this.#tellError(error);
    return this.#followChannel(channel, filter, listener, fail, onGap);
  }

  /** Hear a channel no more: one listener, or all. */
  unsubscribeFromChannel(channel: Channel, listener?: (event: ChannelEvent) => void): void {
    this.#subscriptions.leaveChannel(channel, listener);
    this.#beside?.unsubscribeFromChannel(channel, listener);
    this.#dropBeside();
  }

  /** Begin a stream: many documents under one configuration, whose results come in the order they are done.
   * It lasts over lost connections, until `stopStream`. */
  startStream(config: StreamConfig, signal?: AbortSignal): Promise<string> {
    return this.#streams.start(config, signal);
  }

  /** Put a document into a stream; resolves to its job's id when there is room for it, however long that takes. */
  async streamDocument(
    streamId: string,
    document: ProcessingRequest["document"],
    signal?: AbortSignal,
  ): Promise<string> {
    const job = await this.#streams.send(streamId, document, this.#backoff, signal);
    this.subscribeToJob(job);
    return job;
  }

  /** End a stream; what is under way goes on, and its results still come. */
  stopStream(streamId: string): void {
    this.#streams.stop(streamId);
  }

  // Listeners; each of these gives a function that takes the listener away

  onProgress(callback: (progress: ProgressEvent) => void): () => void {
    return this.#progress.add(callback);
  }

  onResult(callback: (result: ProcessingResult) => void): () => void {
    return this.#results.add(callback);
  }

  onError(callback: (error: ErrorEvent) => void): () => void {
    return this.#errors.add(callback);
  }

  onConnectionStatus(callback: (status: ConnectionStatus) => void): () => void {
    return this.#statuses.add(callback);
  }

  #follow(jobId: string, follower: Follower, fromOffset?: string): void {
    if (this.#subscriptions.follow(jobId, follower, fromOffset)) return;
    this.#takeBeside().#follow(jobId, follower, fromOffset);
  }

  #unfollow(jobId: string, follower: Follower): void {
    this.#subscriptions.leave(jobId, follower);
    if (this.#beside) this.#beside.#unfollow(jobId, follower);
    this.#dropBeside();
  }

  async #followChannel(...wanted: Parameters<Subscriptions["followChannel"]>): Promise<void> {
    if (this.#subscriptions.mayFollowChannels) return this.#subscriptions.followChannel(...wanted);
    const beside = this.#takeBeside();
    await beside.#followChannel(...wanted);
    if (this.#connection?.isOpen) await beside.#connection?.opened().catch(() => {}); // it is followed from now on
  }

  #takeBeside(): NeuralDocFlowClient {
    if (this.#beside) return this.#beside;
    this.#beside = new NeuralDocFlowClient();
    this.#connectBeside();
    return this.#beside;
  }

  /** Who follows channels will follow the next job too: it need not connect anew. */
  #dropBeside(): void {
    if (!this.#beside || !this.#subscriptions.mayFollowJobs) return;
    if (!this.#beside.#isIdle) return;
    this.#beside.disconnect();
    this.#beside = null;
  }

  get #isIdle(): boolean {
    return this.#subscriptions.isIdle && this.#beside === null;
  }

  #tellError(error: NeuralDocFlowError, jobId?: string): void {
    this.#errors.tell({ code: error.code, message: error.message, error, ...(jobId ? { jobId } : {}) });
  }

  async #restore(): Promise<void> {
    this.#streams.restore();
    await this.#subscriptions.restore();
  }

  #connected(): Connection {
    if (!this.#connection) throw new NeuralDocFlowError("disconnected", "Call connect first.");
    this.#connection.throwIfEnded();
    return this.#connection;
  }

  #web(): Http {
    if (this.#http) return this.#http;
    throw new NeuralDocFlowError("disconnected", "Call connect first.");
  }
}

/** Where the service's WebSocket is. */
function streamOf(url: string): string {
  try {
    const stream = new URL("/v1/stream", url);
    stream.protocol = stream.protocol === "https:" ? "wss:" : "ws:";
    return stream.href;
  } catch (cause) {
    const message = `\`url\` must be an address such as https://documents.example; it is ${url}.`;
    throw new NeuralDocFlowError("invalid_request", message, { cause });
  }
}

function pathOf(jobId: string, part = ""): string {
  return `/api/v1/jobs/${encodeURIComponent(jobId)}${part}`;
}
