import {
  type ConnectionStatus,
  type ErrorCode,
  NeuralDocFlowError,
  type ProcessingResult,
} from "@neuraldocflow/client";
import { Bell } from "./bell.ts";
import type { Lock, Outbox } from "./outbox.ts";
import type { Submission } from "./submissions.ts";

/** Reads documents on this device. */
export interface LocalReader {
  /** Whether there is all that it needs, and it reads documents such as this. */
  reads(submission: Submission): boolean;
  read(
    file: Blob,
    submission: Submission,
    onProgress: (stage: string, progress: number) => void,
    signal: AbortSignal,
  ): Promise<ProcessingResult>;
  /** A page of a PDF as an image. Throws where it can't be drawn. */
  page(file: Blob, page: number, signal: AbortSignal): Promise<Blob>;
  /** Hear that it can be used now, or not any more. */
  onChange(listener: () => void): () => void;
}

export interface BeingRead {
  id: string;
  stage: string;
  progress: number;
}

/** Milliseconds without a connection after which documents are read here: a service that reads one has its pages too. */
const PATIENCE = 3_000;

/** Has documents read on this device, one after another, while they can't be sent. */
export class Reading {
  readonly #outbox: Outbox;
  readonly #reader: LocalReader;
  readonly #lock: Lock;
  readonly #bell = new Bell();
  #isOffline = false;
  #lost: ReturnType<typeof setTimeout> | undefined;
  /** What was read to its end, or can't be read: also where there was no room to note that. */
  readonly #done = new Set<string>();
  #running = false;
  #now: BeingRead | null = null;
  #abort: AbortController | null = null;

  constructor(outbox: Outbox, reader: LocalReader, lock: Lock = work => work()) {
    this.#outbox = outbox;
    this.#reader = reader;
    this.#lock = lock;
  }

  get now(): BeingRead | null {
    return this.#now;
  }

  readonly subscribe = this.#bell.subscribe;

  /** Begin to look; gives the function that ends it. */
  start(): () => void {
    const leave = [
      this.#reader.onChange(() => void this.#run()),
      this.#outbox.subscribe(() => {
        const { submissions } = this.#outbox.getSnapshot();
        if (this.#now && !submissions.some(each => each.id === this.#now?.id)) this.#abort?.abort();
        void this.#run();
      }),
    ];
    return () => {
      for (const each of leave) each();
      this.#isBack();
      this.#abort?.abort();
    };
  }

  connection({ state, error }: ConnectionStatus): void {
    if (state === "connecting") return;
    const isRefused = ["unauthorized", "forbidden"].includes(error?.code ?? "");
    if (state === "connected" || isRefused) return this.#isBack();
    this.#lost ??= setTimeout(() => {
      this.#isOffline = true;
      void this.#run();
    }, PATIENCE);
  }

  #isBack(): void {
    clearTimeout(this.#lost);
    this.#lost = undefined;
    this.#isOffline = false;
  }

  /** A page of a document that is here still, as an image. Throws where it can't be drawn. */
  async page(id: string, page: number, signal: AbortSignal): Promise<Blob> {
    const file = await this.#outbox.file(id);
    if (!file) throw new NeuralDocFlowError("fetch_failed", "The browser no longer has this document.");
    return this.#reader.page(file, page, signal);
  }

  #next(): Submission | undefined {
    const { submissions, sending } = this.#outbox.getSnapshot();
    const fits = (each: Submission) =>
      each.state === "waiting" &&
      !each.read &&
      !each.error &&
      !sending.has(each.id) &&
      !this.#done.has(each.id);
    return submissions.find(each => fits(each) && this.#reader.reads(each));
  }

  async #run(): Promise<void> {
    if (this.#running || !this.#isOffline || !this.#next()) return;
    this.#running = true;
    try {
      await this.#lock(async () => {
        for (let next = this.#next(); next && this.#isOffline; next = this.#next()) await this.#read(next);
      });
    } finally {
      this.#running = false;
    }
  }

  async #read(submission: Submission): Promise<void> {
    const { id } = submission;
    const file = await this.#outbox.take(id);
    if (!file) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#tell({ id, stage: "opening", progress: 0 });
    let found: ProcessingResult | NeuralDocFlowError | null;
    try {
      const tell = (stage: string, progress: number) => this.#tell({ id, stage, progress });
      const result = await this.#reader.read(file, submission, tell, abort.signal);
      found = result.status === "failed" ? notHere(result) : result;
    } catch (error) {
      const why = error instanceof Error ? error.message : "";
      found = abort.signal.aborted
        ? null
        : new NeuralDocFlowError("internal", `${why} It will be sent.`.trim());
    }
    this.#abort = null;
    if (found) this.#done.add(id);
    this.#tell(null);
    await this.#outbox.release(id, found);
  }

  #tell(now: BeingRead | null): void {
    this.#now = now;
    this.#bell.ring();
  }
}

/** The service may read it yet: it has more room and time, and the last word. */
function notHere({ error }: ProcessingResult): NeuralDocFlowError {
  const message = `Not read on this device, but will be sent. ${error?.message ?? ""}`.trim();
  return new NeuralDocFlowError((error?.code ?? "internal") as ErrorCode, message);
}
