import { NeuralDocFlowError, type ProcessingResult, pause, randomId } from "@neuraldocflow/client";
import { Bell } from "./bell.ts";
import { AWAY, afterFailure, BACKOFF, mayHelp, NOT_NOW } from "./failures.ts";
import type { Read, Shelf, Submission, Wishes } from "./submissions.ts";

export type Send = (
  file: Blob,
  submission: Submission,
  onUpload: (sent: number) => void,
  signal: AbortSignal,
) => Promise<string>;

/** Sends a result that was made here; resolves to the id of its job. */
export type SendResult = (result: ProcessingResult) => Promise<string>;

/** Runs work while no other page does the same. */
export type Lock = (work: () => Promise<void>) => Promise<void>;

export interface OutboxView {
  submissions: readonly Submission[];
  /** How much of each has been sent, of those being sent by this page. */
  sending: ReadonlyMap<string, number>;
  /** Why nothing can be sent at the moment: no connection, or a key that is not valid. */
  hindrance: NeuralDocFlowError | null;
  /** What waits is there when the page is opened again. */
  lasts: boolean;
}

/** The type of a file that holds the address of a document, not the document. */
export const ADDRESS = "text/uri-list";

const AT_ONCE = 3;
const LOST = {
  code: "internal" as const,
  message: "The browser no longer has this document. Add it again.",
};

/** Documents are put here first and sent from here, so that none is lost to a connection that breaks, a page
 * that is closed or a service that is down. Sent again, a document is the same job: its id is the key. */
export class Outbox {
  readonly #shelf: Shelf;
  readonly #send: Send;
  readonly #sendResult: SendResult | undefined;
  readonly #lock: Lock;
  readonly #held = new Set<string>();
  readonly #bell = new Bell();
  readonly #aborts = new Map<string, AbortController>();
  readonly #sending = new Map<string, number>();
  #known: Submission[] = [];
  #view: OutboxView = { submissions: [], sending: new Map(), hindrance: null, lasts: true };
  #hindrance: NeuralDocFlowError | null = null;
  #lasts = true;
  /** How often in a row no way through was found. */
  #vain = 0;
  /** No way through was found, and none is looked for until a while has passed, or there is reason to. */
  #isBlocked = false;
  /** How often each document found none: those that got further go first, so that no one holds up the rest. */
  readonly #stumbles = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  /** No other page sends now. */
  #isOurTurn = false;
  /** What is being sent. */
  readonly #work = new Set<Promise<void>>();
  #stopped = false;
  /** Ends the following of the shelf. */
  #leave: (() => void) | null;

  constructor(shelf: Shelf, send: Send, lock: Lock = work => work(), sendResult?: SendResult) {
    this.#shelf = shelf;
    this.#send = send;
    this.#sendResult = sendResult;
    this.#lock = lock;
    this.#leave = this.#follow();
    void this.#load();
  }

  /** Hear of what others do with the shelf; gives the function that ends it. */
  #follow(): () => void {
    return this.#shelf.onChange(removed => {
      if (removed) this.#drop(removed);
      // What another page or the service worker has kept is sent by whoever gets to it: that page may be closed.
      void this.#load().then(() => this.#run());
    });
  }

  /** Go on after a `stop`. */
  start(): void {
    this.#stopped = false;
    this.#leave ??= this.#follow();
    void this.#run();
  }

  /** Send nothing more for now: the page goes on with another key, or is left. */
  stop(): void {
    this.#stopped = true;
    this.#leave?.();
    this.#leave = null;
    clearTimeout(this.#timer);
    for (const abort of this.#aborts.values()) abort.abort();
  }

  readonly subscribe = this.#bell.subscribe;

  readonly getSnapshot = (): OutboxView => this.#view;

  /** Keep a document and begin to send it. Throws when it can't be read or kept. */
  async add(file: Blob, filename: string, wishes: Wishes): Promise<Submission> {
    await checkIsThere(file);
    const submission: Submission = {
      ...wishes,
      id: randomId(),
      filename,
      size: file.size,
      type: file.type,
      createdAt: Date.now(),
      state: "waiting",
      tries: 0,
      nextTryAt: 0,
      jobId: null,
      error: null,
      read: null,
      hasFile: true,
    };
    await this.#shelf.put(submission, file);
    this.#known = [...this.#known.filter(each => each.id !== submission.id), submission];
    this.#tell();
    void this.#run();
    return submission;
  }

  /** Try one that failed again. */
  async retry(id: string): Promise<void> {
    const found = this.#known.find(each => each.id === id);
    if (found) await this.#change({ ...found, state: "waiting", tries: 0, nextTryAt: 0, error: null });
    void this.#run();
  }

  /** Forget one; what is being sent of it is stopped. */
  async remove(id: string): Promise<void> {
    this.#held.add(id);
    this.#aborts.get(id)?.abort();
    try {
      await this.#shelf.remove(id);
      this.#drop(id);
    } finally {
      this.#held.delete(id);
    }
  }

  /** One's file, to be read here; it is not sent until it is let go. None if it is not waiting any more. */
  async take(id: string): Promise<Blob | null> {
    this.#held.add(id);
    await this.#load();
    const found = this.#known.find(each => each.id === id);
    const file = found?.state === "waiting" && !found.read ? await this.#shelf.file(id) : null;
    if (!file) this.#held.delete(id);
    return file;
  }

  /** Keep what was found in one that was taken, or why it could not be read here; then it may be sent. */
  async release(id: string, found: ProcessingResult | NeuralDocFlowError | null): Promise<void> {
    try {
      await this.#load();
      const known = this.#known.find(each => each.id === id);
      if (!found || known?.state !== "waiting") return; // taken back meanwhile, or sent by another page
      if (!(found instanceof NeuralDocFlowError)) return await this.#keepResult(known, found);
      await this.#change({ ...known, error: { code: found.code, message: found.message } });
    } finally {
      this.#held.delete(id);
      void this.#run();
    }
  }

  /** Where there is no room for the result the document itself is sent. */
  async #keepResult(submission: Submission, found: ProcessingResult): Promise<void> {
    const read = { ...submission, read: inShort(found), error: null };
    try {
      await this.#shelf.putResult(read, found);
    } catch {
      const message = "Read on this device, but there is no room for the result. The document will be sent.";
      return this.#change({ ...submission, error: { code: "too_large", message } });
    }
    this.#known = this.#known.map(each => (each.id === read.id ? read : each));
    this.#tell();
  }

  /** The bytes of one that is not sent yet. */
  file(id: string): Promise<Blob | null> {
    return this.#shelf.file(id);
  }

  /** The result of one that was read here. */
  result(id: string): Promise<ProcessingResult | null> {
    return this.#shelf.result(id);
  }

  /** Send what waits, now that there may be a connection. Resolves when nothing can be sent at the moment. */
  flush(): Promise<void> {
    this.#vain = 0;
    this.#stumbles.clear();
    return this.#run();
  }

  #run(): Promise<void> {
    this.#isBlocked = false;
    if (this.#running) {
      this.#fill();
      return this.#running;
    }
    if (this.#stopped) return Promise.resolve();
    this.#running = this.#lock(() => this.#sendAll()).finally(() => {
      this.#running = null;
      this.#schedule();
    });
    return this.#running;
  }

  /** Send until nothing can be sent at the moment, what comes meanwhile included. */
  async #sendAll(): Promise<void> {
    await this.#load();
    this.#isOurTurn = true;
    try {
      this.#fill();
      while (this.#work.size > 0) await Promise.all(this.#work);
    } finally {
      this.#isOurTurn = false;
    }
  }

  /** Begin to send what is due, as long as there is room beside what is being sent. */
  #fill(): void {
    if (!this.#isOurTurn) return;
    while (this.#work.size < AT_ONCE) {
      const next = this.#next();
      if (!next) break;
      const work = this.#sendOne(next).finally(() => {
        this.#work.delete(work);
        this.#fill();
      });
      this.#work.add(work);
    }
    this.#schedule();
  }

  /** Of those that are due and not being sent, the one that found no way least often, then the oldest. */
  #next(): Submission | undefined {
    if (this.#isBlocked || this.#stopped) return undefined;
    const stumbles = ({ id }: Submission) => this.#stumbles.get(id) ?? 0;
    const due = this.#waiting().filter(({ nextTryAt }) => nextTryAt <= Date.now());
    return due.sort((a, b) => stumbles(a) - stumbles(b) || a.createdAt - b.createdAt)[0];
  }

  /** Those that wait and are not being sent or read. */
  #waiting(): Submission[] {
    const isFree = (id: string) => !this.#held.has(id) && !this.#aborts.has(id);
    return this.#known.filter(({ id, state }) => state === "waiting" && isFree(id));
  }

  /** Send one, and note what became of it. Nothing more is begun where the next ones would not fare better. */
  async #sendOne(submission: Submission): Promise<void> {
    const abort = new AbortController();
    const { id } = submission;
    this.#aborts.set(id, abort);
    this.#uploaded(id, 0);
    try {
      const jobId = await this.#give(submission, abort.signal);
      this.#hindrance = null;
      this.#vain = 0;
      this.#stumbles.delete(id);
      await this.#change({ ...submission, state: "sent", jobId, error: null });
      await this.#shelf.dropFileIfSent(id).catch(() => {}); // the service has it, its bytes only take room here
    } catch (failure) {
      if (abort.signal.aborted) return;
      const error =
        failure instanceof NeuralDocFlowError
          ? failure
          : new NeuralDocFlowError("internal", "The document can't be read any more.", { cause: failure });
      if (NOT_NOW.includes(error.code)) {
        this.#hindrance = error;
        this.#stumbles.set(id, (this.#stumbles.get(id) ?? 0) + 1);
        if (!this.#isBlocked) this.#vain += 1;
        this.#isBlocked = true;
        return;
      }
      this.#vain = 0;
      if (submission.read && !mayHelp(error) && error.code !== "forbidden") {
        // The service does not want the result: it gets the document, and has the last word.
        await this.#change({ ...submission, read: null, tries: 0, nextTryAt: 0, error: null });
      } else await this.#change(afterFailure(submission, error));
    } finally {
      this.#aborts.delete(id);
      this.#sending.delete(id);
      this.#tell();
    }
  }

  /** Send its result if it was read here, else the document. */
  async #give(submission: Submission, signal: AbortSignal): Promise<string> {
    const { id, read } = submission;
    const result = read && this.#sendResult ? await this.#shelf.result(id) : null;
    if (result && this.#sendResult) return this.#sendResult(result);
    const file = await this.#shelf.file(id);
    if (!file) throw new NeuralDocFlowError(LOST.code, LOST.message);
    await checkIsThere(file); // in memory it is the file on disk, which may have changed: as a request that fails it would wait
    return this.#send(file, submission, sent => this.#uploaded(id, sent), signal);
  }

  #uploaded(id: string, sent: number): void {
    this.#sending.set(id, sent);
    this.#tell();
  }

  async #change(submission: Submission): Promise<void> {
    this.#known = this.#known.map(each => (each.id === submission.id ? submission : each));
    this.#tell();
    try {
      await this.#shelf.put(submission);
    } catch {
      // No room even for this. It is known here until the page is closed; sent again then, it is the same job.
    }
  }

  /** Forget one, and stop what is being sent of it. */
  #drop(id: string): void {
    this.#aborts.get(id)?.abort();
    this.#known = this.#known.filter(each => each.id !== id);
    this.#tell();
  }

  /** Take up what the shelf has. What waits and is not there was taken by the browser, and is shown as failed. */
  async #load(): Promise<void> {
    this.#lasts = (await this.#shelf.lasts?.()) ?? true;
    const before = new Map(this.#known.map(each => [each.id, each]));
    const there = new Map((await this.#shelf.all()).map(each => [each.id, each]));
    const ours = this.#known.flatMap(each => {
      const now = there.get(each.id);
      there.delete(each.id);
      if (before.get(each.id) !== each) return each; // added or changed meanwhile: what was looked at is older
      if (now) return JSON.stringify(now) === JSON.stringify(each) ? each : now; // the same stay the same objects
      if (each.state === "failed") return each; // told before
      return each.state === "waiting" ? { ...each, state: "failed" as const, error: LOST } : [];
    });
    const others = [...there.values()].filter(each => !before.has(each.id)); // not those removed meanwhile
    this.#known = [...ours, ...others].sort((a, b) => a.createdAt - b.createdAt);
    this.#tell();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const now = Date.now();
    const waiting = this.#waiting();
    const waits = waiting.filter(each => each.nextTryAt > now).map(each => each.nextTryAt - now + 50);
    if (waiting.length > waits.length) waits.push(...this.#untilDue());
    if (waits.length > 0) this.#timer = setTimeout(() => void this.#run(), Math.min(...waits, 2 ** 31 - 1));
  }

  /** When those that are due and not being sent are looked at again; none where something else will tell. */
  #untilDue(): number[] {
    if (!this.#isBlocked) return this.#isOurTurn ? [] : [50]; // there is no room for more, or they came too late
    // A connection may break for one request alone, while others pass: nobody tells that it is there again.
    const mayPass = !this.#hindrance || AWAY.includes(this.#hindrance.code);
    return mayPass ? [pause(Math.max(this.#vain - 1, 0), BACKOFF)] : [];
  }

  #tell(): void {
    this.#view = {
      submissions: this.#known,
      sending: new Map(this.#sending),
      hindrance: this.#hindrance,
      lasts: this.#lasts,
    };
    this.#bell.ring();
  }
}

/** A file may have been moved or changed since it was chosen, or be a folder that was dropped: browsers then have no bytes
 * of it. */
async function checkIsThere(file: Blob): Promise<void> {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch (cause) {
    const message =
      "The file can't be read: it is a folder, or was moved, changed or deleted. Choose the file.";
    throw new NeuralDocFlowError("invalid_request", message, { cause });
  }
}

function inShort({ status, extractedData, metadata }: ProcessingResult): Read {
  return {
    status: status === "completed" ? "completed" : "partial",
    documentType: extractedData?.documentType ?? null,
    confidence: extractedData?.confidence ?? null,
    contentType: metadata?.contentType ?? null,
    pages: extractedData?.pages ?? null,
  };
}
