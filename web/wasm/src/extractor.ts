import { type ErrorCode, NeuralDocFlowError, type ProcessingResult, randomId } from "@neuraldocflow/client";
import type { About, Answer, Manifest, Progress, Request } from "./protocol.ts";

export interface InitOptions {
  /** Told while the extractor is fetched and started. */
  onProgress?: (progress: Progress) => void;
  /** What Python and a document may take; more than that fails the document with `out_of_memory`. */
  maxMemoryMb?: number;
  /** A document that takes longer fails with `timeout`. */
  maxSeconds?: number;
}

export interface ProcessOptions {
  onProgress?: (progress: Progress) => void;
  signal?: AbortSignal;
  /** `qualityThreshold`, 0 to 1: a result less sure than it is `partial`. */
  options?: Record<string, unknown>;
  /** The id the result is to have; a new one if left out. */
  jobId?: string;
  filename?: string;
}

interface Waiting {
  id: number;
  request: Request & { type: "profile" | "process" | "page" };
  resolve(found: string | Blob): void;
  reject(error: Error): void;
  onProgress?: ((progress: Progress) => void) | undefined;
}

const DEFAULTS = { maxMemoryMb: 1024, maxSeconds: 600 };
/** Seconds beyond `maxSeconds` in which Python ends a document by itself. */
const GRACE = 15;
const LOST = {
  out_of_memory: "The document needed more memory than allowed.",
  agent_crashed: "The document crashed the reader in the browser.",
  timeout: "The document took longer than allowed.",
};

/**
 * The extraction core in a worker: documents are read on this device and nothing is sent. A document that
 * crashes the worker, fills its memory or is cancelled ends alone: another worker takes the next one.
 */
export class NeuralDocFlowWorker {
  readonly #base: string;
  readonly #options: InitOptions;
  readonly #profiles = new Map<string, string>();
  #queue: Waiting[] = [];
  #current: Waiting | null = null;
  #worker: Worker | null = null;
  #ready: Promise<void> | null = null;
  /** Ends the worker that is there or starts; none where there is none. */
  #started: AbortController | null = null;
  #watch: ReturnType<typeof setTimeout> | undefined;
  #number = 0;
  /** Milliseconds from the beginning of the last start-up to the end of each of its parts. */
  milliseconds: Record<string, number> = {};

  /** `wasmUrl` is the folder that holds `manifest.json`. */
  constructor(wasmUrl = "/wasm/", options: InitOptions = {}) {
    this.#base = new URL(wasmUrl.endsWith("/") ? wasmUrl : `${wasmUrl}/`, location.href).href;
    this.#options = options;
  }

  /** Start now what else starts with the first document. Throws NeuralDocFlowError. */
  init(): Promise<void> {
    if (this.#ready) return this.#ready;
    const started = new AbortController();
    this.#started = started;
    this.#ready = this.#start(started.signal).catch(error => {
      if (this.#started === started) this.#stop();
      throw error;
    });
    return this.#ready;
  }

  /** Take up a profile in its JSON form, in place of one of the same name. Throws NeuralDocFlowError. */
  async loadProfile(form: object): Promise<void> {
    const text = JSON.stringify(form);
    const told = await this.#ask(id => ({ type: "profile", id, form: text }));
    if (told) throw asError(told);
    this.#profiles.set((form as { name: string }).name, text);
  }

  /**
   * A document's result. One that can't be read has a result with the status `failed` and the error; so has
   * one that crashed the worker. Throws where there is no extractor, and an `AbortError` when it is cancelled.
   */
  async processDocument(
    file: Blob,
    profile = "auto",
    options: ProcessOptions = {},
  ): Promise<ProcessingResult> {
    return JSON.parse(await this.processToJson(file, profile, options));
  }

  /** The same as {@link processDocument}, as the text it was made as. */
  async processToJson(file: Blob, profile = "auto", options: ProcessOptions = {}): Promise<string> {
    const about: About = {
      jobId: options.jobId ?? randomId(),
      filename: options.filename ?? (file instanceof File ? file.name : ""),
      profile,
      contentType: file.type || null,
      options: options.options ?? {},
    };
    try {
      return (await this.#ask(id => ({ type: "process", id, file, about }), options)) as string;
    } catch (error) {
      const code = error instanceof Lost ? error.code : null;
      if (!code) throw error;
      return JSON.stringify(failed(file, about, code));
    }
  }

  /** A page of a PDF, from 1, as a PNG of 110 dots an inch. Throws NeuralDocFlowError where it can't be drawn. */
  async drawPage(file: Blob, page: number, signal?: AbortSignal): Promise<Blob> {
    const image = await this.#ask(id => ({ type: "page", id, file, page }), signal && { signal });
    if (typeof image === "string") throw asError(image);
    return image;
  }

  /** `pdf`, `docx` and `html`. */
  getSupportedFormats(): string[] {
    return ["pdf", "docx", "html"];
  }

  /** End the worker, also while it starts; what waits for it is cancelled. It may be used again. */
  close(): void {
    this.#stop();
    const waiting = [...(this.#current ? [this.#current] : []), ...this.#queue];
    this.#current = null;
    this.#queue = [];
    for (const { reject } of waiting) reject(cancelled());
  }

  #ask(
    make: (id: number) => Waiting["request"],
    { signal, onProgress }: ProcessOptions = {},
  ): Promise<string | Blob> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled());
      this.#number += 1;
      const id = this.#number;
      const abort = () => this.#cancel(id);
      signal?.addEventListener("abort", abort, { once: true });
      const end = () => signal?.removeEventListener("abort", abort);
      this.#queue.push({
        id,
        request: make(id),
        onProgress,
        resolve: found => {
          end();
          resolve(found);
        },
        reject: error => {
          end();
          reject(error);
        },
      });
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#current) return;
    const next = this.#queue.shift();
    if (!next) return;
    this.#current = next;
    try {
      await this.init();
    } catch (error) {
      if (this.#current === next) this.#end(next).reject(error as Error);
      return;
    }
    if (this.#current !== next) return; // cancelled meanwhile
    const seconds = (this.#options.maxSeconds ?? DEFAULTS.maxSeconds) + GRACE;
    this.#watch = setTimeout(() => this.#lose("timeout"), seconds * 1000);
    this.#worker?.postMessage(next.request);
  }

  #end(waiting: Waiting): Waiting {
    clearTimeout(this.#watch);
    this.#current = null;
    queueMicrotask(() => void this.#next());
    return waiting;
  }

  /** Python can't be interrupted in the midst of a page: its worker is ended, and the next one starts. */
  #cancel(id: number): void {
    if (this.#current?.id === id) {
      if (this.#current.request.type === "page") return; // drawn sooner than another worker would start
      if (this.milliseconds.ready) this.#stop(); // one that still starts is of use to the next document
      this.#end(this.#current).reject(cancelled());
      return;
    }
    const found = this.#queue.find(each => each.id === id);
    this.#queue = this.#queue.filter(each => each !== found);
    found?.reject(cancelled());
  }

  #lose(code: keyof typeof LOST): void {
    this.#stop();
    if (this.#current) this.#end(this.#current).reject(new Lost(code));
  }

  #stop(): void {
    clearTimeout(this.#watch);
    this.#started?.abort(cancelled());
    this.#started = null;
    this.#worker?.terminate();
    this.#worker = null;
    this.#ready = null;
    this.milliseconds = {};
  }

  /** Throws the signal's reason where it is stopped meanwhile. */
  async #start(stopped: AbortSignal): Promise<void> {
    const began = performance.now();
    const manifest = await this.#manifest();
    stopped.throwIfAborted();
    const { promise, resolve, reject } = deferred();
    stopped.addEventListener("abort", () => reject(stopped.reason), { once: true });
    const worker = new Worker(this.#base + manifest.worker, { type: "module", name: "neuraldocflow" });
    this.#worker = worker;
    worker.addEventListener("error", event => {
      event.preventDefault();
      reject(unavailable(`its worker can't be started${event.message ? ` (${event.message})` : ""}`));
      if (this.#worker === worker && this.milliseconds.ready !== undefined) this.#lose("agent_crashed");
    });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      if (this.#worker !== worker) return;
      if (data.type === "ready") {
        this.milliseconds = { ...data.milliseconds, ready: Math.round(performance.now() - began) };
        resolve();
      } else if (data.type === "lost" && data.id === null) {
        reject(unavailable(data.message));
      } else if (data.type === "lost") {
        console.warn(`The reader in the browser starts again: ${data.message}`);
        this.#lose(data.outOfMemory ? "out_of_memory" : "agent_crashed");
      } else if (data.type === "progress") {
        const { onProgress } = data.id === null ? this.#options : (this.#current ?? {});
        onProgress?.(data.progress);
      } else if (this.#current?.id === data.id) {
        if (data.spent) this.#stop();
        this.#end(this.#current).resolve(data.found);
      }
    });
    const limits = { ...DEFAULTS, ...this.#options };
    const { maxMemoryMb, maxSeconds } = limits;
    this.#send(worker, { type: "init", base: this.#base, manifest, maxMemoryMb, maxSeconds });
    await promise;
    for (const form of this.#profiles.values()) this.#send(worker, { type: "profile", id: 0, form });
  }

  #send(worker: Worker, request: Request): void {
    worker.postMessage(request);
  }

  async #manifest(): Promise<Manifest> {
    let answer: Response;
    try {
      answer = await fetch(`${this.#base}manifest.json`);
    } catch (error) {
      throw unavailable("there is no connection, and it is not kept on this device", error);
    }
    if (!answer.ok) throw unavailable(`the server does not have it (${answer.status})`);
    return answer.json();
  }
}

/** The specification's class: as the worker's, but to be initialised first. */
export class NeuralDocFlowWASM {
  #worker: NeuralDocFlowWorker | null = null;

  get initialized(): boolean {
    return this.#worker !== null;
  }

  /** Fetch and start the extractor. Throws NeuralDocFlowError. */
  async init(wasmUrl = "/wasm/", options: InitOptions = {}): Promise<void> {
    const worker = new NeuralDocFlowWorker(wasmUrl, options);
    await worker.init();
    this.#worker?.close();
    this.#worker = worker;
  }

  async loadProfile(form: object): Promise<void> {
    return this.#own().loadProfile(form);
  }

  async processDocument(
    file: Blob,
    profileName: string,
    options: ProcessOptions = {},
  ): Promise<ProcessingResult> {
    return this.#own().processDocument(file, profileName, options);
  }

  async processToJson(file: Blob, profileName: string, options: ProcessOptions = {}): Promise<string> {
    return this.#own().processToJson(file, profileName, options);
  }

  getSupportedFormats(): string[] {
    return this.#worker?.getSupportedFormats() ?? [];
  }

  close(): void {
    this.#worker?.close();
    this.#worker = null;
  }

  #own(): NeuralDocFlowWorker {
    if (!this.#worker) throw new NeuralDocFlowError("invalid_request", "Call init() first.");
    return this.#worker;
  }
}

class Lost extends Error {
  readonly code: keyof typeof LOST;

  constructor(code: keyof typeof LOST) {
    super(LOST[code]);
    this.code = code;
  }
}

function failed(file: Blob, about: About, code: keyof typeof LOST): object {
  const { jobId, filename, contentType, profile } = about;
  const retrySuggestions = [{ action: "send", reason: "the service reads it with more room, and more time" }];
  return {
    ...{ jobId, run: 0, status: "failed", extractedData: null },
    metadata: { filename, contentType, bytes: file.size, profile, timings: {} },
    validationResults: [],
    error: { code, message: LOST[code], retryable: true, retrySuggestions },
  };
}

function asError(told: string | Blob): NeuralDocFlowError {
  const { code, message }: { code: ErrorCode; message: string } = JSON.parse(String(told));
  return new NeuralDocFlowError(code, message);
}

function unavailable(why: string, cause?: unknown): NeuralDocFlowError {
  const message = `Documents can't be read on this device: ${why}.`;
  return new NeuralDocFlowError("unreachable", message, { cause });
}

function cancelled(): DOMException {
  return new DOMException("The document was cancelled.", "AbortError");
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } {
  let resolve: () => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
