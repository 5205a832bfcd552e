import {
  type ChannelEvent,
  type ConnectionStatus,
  type ErrorEvent,
  type Job,
  type NeuralDocFlowClient,
  NeuralDocFlowError,
  type NotificationEvent,
  type ProcessingResult,
  type ProgressEvent,
} from "@neuraldocflow/client";
import { Bell } from "./bell.ts";
import {
  aboutDocument,
  asBefore,
  type DocumentEntry,
  documentOf,
  ofJob,
  ofSubmission,
  runOf,
  unknownJob,
} from "./entries.ts";
import { AWAY } from "./failures.ts";
import type { Outbox } from "./outbox.ts";
import type { Reading } from "./reading.ts";
import type { Submission } from "./submissions.ts";

export interface DocumentsView {
  connection: ConnectionStatus;
  documents: readonly DocumentEntry[];
  /** More of the service's jobs can be shown. */
  hasMore: boolean;
}

export interface DocumentsOptions {
  /** Follow only what was sent from here, or all of the key's documents. */
  follow?: "own" | "all";
  onProgress?: (progress: ProgressEvent) => void;
  onComplete?: (result: ProcessingResult) => void;
  onError?: (error: Error) => void;
}

const FINISHED = ["completed", "partial", "failed"];
const PAGE = 50;
/** So many more are shown than were asked for before those that are done are let go. */
const MOST = 500;
const REFRESH_MS = 400;

/** What is known of all documents, from the outbox and from the service, as one list. */
export class Documents {
  readonly #client: NeuralDocFlowClient;
  readonly #outbox: Outbox;
  readonly #options: () => DocumentsOptions;
  readonly #reading: Reading | null;
  readonly #bell = new Bell(() => this.#look());
  readonly #jobs = new Map<string, Job>();
  readonly #cancelling = new Set<string>();
  readonly #results = new Map<string, ProcessingResult>();
  readonly #leave: (() => void)[] = [];
  readonly #began = Date.now();
  /** What was sent by this page, or while it was open. */
  readonly #sentNow = new Set<string>();
  /** How far back the service's newest jobs go. */
  #reach = Number.NEGATIVE_INFINITY;
  #connection: ConnectionStatus = { state: "connecting" };
  #view: DocumentsView = { connection: this.#connection, documents: [], hasMore: false };
  #next: string | null = null;
  #most = MOST;
  #refresh: ReturnType<typeof setTimeout> | undefined;

  constructor(
    client: NeuralDocFlowClient,
    outbox: Outbox,
    options: () => DocumentsOptions,
    reading: Reading | null = null,
  ) {
    this.#reading = reading;
    this.#client = client;
    this.#outbox = outbox;
    this.#options = options;
  }

  readonly subscribe = this.#bell.subscribe;

  readonly getSnapshot = (): DocumentsView => this.#view;

  /** Begin to listen; gives the function that ends it. */
  start(): () => void {
    const client = this.#client;
    this.#leave.push(
      client.onConnectionStatus(status => this.#connected(status)),
      client.onProgress(progress => this.#progressed(progress)),
      client.onResult(result => this.#done(result)),
      client.onError(error => this.#failed(error)),
      this.#outbox.subscribe(() => this.#outboxChanged()),
    );
    if (this.#reading)
      this.#leave.push(
        this.#reading.start(),
        this.#reading.subscribe(() => this.#tell()),
      );
    if (this.#options().follow === "all") {
      const listen = (event: ChannelEvent) => this.#heard(event);
      const onGap = () => this.#refreshSoon();
      void client.subscribeToChannel("progress", listen);
      void client.subscribeToChannel("notifications", listen, { onGap });
      this.#leave.push(() => {
        for (const channel of ["progress", "notifications"] as const)
          client.unsubscribeFromChannel(channel, listen);
      });
    }
    this.#outbox.start();
    this.#outboxChanged();
    return () => {
      clearTimeout(this.#refresh);
      this.#refresh = undefined;
      this.#outbox.stop();
      for (const leave of this.#leave.splice(0)) leave();
    };
  }

  /** A finished job's result, kept for the next time; that of a document read here by its own id. */
  async result(jobId: string): Promise<ProcessingResult> {
    const known = this.#results.get(jobId);
    if (known) return known;
    const { submissions } = this.#outbox.getSnapshot();
    const read = submissions.find(each => each.read && (each.id === jobId || each.jobId === jobId));
    const here = () => (read ? this.#outbox.result(read.id) : null);
    if (read?.jobId === null) return (await here()) ?? Promise.reject(notHere());
    try {
      const result = await this.#client.result(jobId);
      this.#keep(jobId, result);
      return result;
    } catch (error) {
      if (!(error instanceof NeuralDocFlowError) || !AWAY.includes(error.code)) throw error;
      return (await here()) ?? Promise.reject(notHere());
    }
  }

  /** A page's image, with ids as for `result`. Throws where it can't be drawn. */
  page(id: string, page: number, signal: AbortSignal): Promise<Blob> {
    const { submissions } = this.#outbox.getSnapshot();
    const read = submissions.find(each => (each.id === id || each.jobId === id) && each.read);
    return read && this.#reading
      ? this.#reading.page(read.id, page, signal)
      : this.#client.page(id, page, signal);
  }

  /** Stop a document: its upload, or its job. */
  async cancel({ jobId, submission }: DocumentEntry): Promise<void> {
    if (jobId === null) {
      if (submission) await this.#outbox.remove(submission.id);
      return;
    }
    if (!(await this.#client.cancel(jobId))) return this.#refreshSoon();
    this.#cancelling.add(jobId);
    this.#tell();
  }

  /** Send one again that could not be sent, or have one processed again whose job failed. */
  async retry({ jobId, submission }: DocumentEntry): Promise<void> {
    if (submission?.state === "failed") return this.#outbox.retry(submission.id);
    if (jobId === null) return;
    const again = await this.#client.retry(jobId);
    const before = this.#jobs.get(jobId) ?? unknownJob(jobId);
    if (!this.#jobs.has(again)) this.#jobs.set(again, { ...unknownJob(again), ...aboutDocument(before) });
    if (this.#options().follow !== "all") this.#client.subscribeToJob(again);
    this.#refreshSoon();
    this.#tell();
  }

  /** Show older jobs too. */
  async more(): Promise<void> {
    if (this.#next === null) return;
    const after = this.#next;
    const { jobs, next } = await this.#client.listJobs({ limit: PAGE, after });
    if (this.#next === after) this.#next = next; // else what comes before these was let go meanwhile
    this.#take(jobs);
    this.#most = this.#jobs.size + MOST;
  }

  #connected(status: ConnectionStatus): void {
    this.#connection = status;
    this.#reading?.connection(status);
    if (status.state === "connected") void this.#outbox.flush();
    // Without a connection the service worker may know what there was.
    const isNew = status.state !== "connecting" && this.#jobs.size === 0;
    if (status.state === "connected" || isNew) this.#refreshSoon(0);
    this.#tell();
  }

  #outboxChanged(): void {
    for (const { id, state } of this.#outbox.getSnapshot().submissions)
      if (state === "waiting") this.#sentNow.add(id);
    if (this.#options().follow !== "all") {
      for (const { jobId } of this.#outbox.getSnapshot().submissions) {
        if (jobId && !this.#jobs.has(jobId)) {
          this.#jobs.set(jobId, unknownJob(jobId));
          this.#client.subscribeToJob(jobId);
        }
      }
    }
    this.#tell();
  }

  #heard(event: ChannelEvent): void {
    if (event.type === "progress") return this.#progressed(event.data);
    if (event.type !== "notification") return;
    const { jobId, type } = event.data;
    if (/^Processing(Completed|Failed)$/.test(type)) this.#summarised(event.data);
    else if (!this.#jobs.has(jobId)) this.#refreshSoon();
  }

  #progressed(progress: ProgressEvent): void {
    const job = this.#jobs.get(progress.jobId);
    if (!job) return this.#refreshSoon();
    if (FINISHED.includes(job.status)) return;
    this.#jobs.set(progress.jobId, {
      ...job,
      status: "processing",
      stage: progress.stage,
      progress: Math.max(job.progress, progress.progress),
      estimatedRemainingMs: progress.estimatedRemainingMs ?? null,
    });
    this.#options().onProgress?.(progress);
    this.#tell();
  }

  /** A result in short. The event of the same name in a job's life has no status yet. */
  #summarised(data: NotificationEvent): void {
    if (!("status" in data)) return;
    const { status, error, filename, timestamp } = data;
    // Of very many that are done together the list tells the newest alone.
    const job = this.#jobs.get(data.jobId) ?? { ...unknownJob(data.jobId), filename, createdAt: timestamp };
    const documentType = data.documentType ?? job.documentType;
    this.#jobs.set(data.jobId, { ...job, status, error, documentType, progress: 1, stage: "done" });
    this.#tell();
    this.#refreshSoon(); // confidence and pages are in the list
    const { onComplete } = this.#options();
    if (onComplete) this.result(data.jobId).then(onComplete, error => this.#options().onError?.(error));
  }

  #done(result: ProcessingResult): void {
    const job = this.#jobs.get(result.jobId) ?? unknownJob(result.jobId);
    const { extractedData, metadata } = result;
    this.#keep(result.jobId, result);
    this.#jobs.set(result.jobId, {
      ...job,
      status: result.status,
      stage: "done",
      progress: 1,
      error: result.error ?? null,
      documentType: extractedData?.documentType ?? null,
      confidence: extractedData?.confidence ?? null,
      pages: extractedData?.pages ?? null,
      contentType: metadata?.contentType ?? null,
      profile: metadata?.profile ?? job.profile,
    });
    this.#tell();
    this.#options().onComplete?.(result);
  }

  #failed({ error }: ErrorEvent): void {
    this.#options().onError?.(error);
  }

  /** One request for many events that come together. */
  #refreshSoon(ms = REFRESH_MS): void {
    if (this.#options().follow !== "all" || (this.#refresh !== undefined && ms > 0)) return;
    clearTimeout(this.#refresh);
    this.#refresh = setTimeout(() => {
      this.#refresh = undefined;
      this.#client.listJobs({ limit: PAGE }).then(
        ({ jobs, next }) => {
          if (this.#jobs.size > this.#most) this.#letGo(jobs, next);
          else if (this.#jobs.size <= PAGE) this.#next = next;
          this.#reach = Math.max(this.#reach, this.#endOf(jobs, next));
          this.#take(jobs);
        },
        (error: unknown) => {
          if (error instanceof NeuralDocFlowError && !AWAY.includes(error.code))
            this.#options().onError?.(error);
        },
      );
    }, ms);
  }

  /** Where a list of the newest jobs ends. One that has all of them has no end, if it is not an old one that was kept. */
  #endOf(jobs: Job[], next: string | null): number {
    if (next === null && this.#connection.state === "connected") return Number.POSITIVE_INFINITY;
    const last = jobs.at(-1);
    return last ? Date.parse(last.createdAt) : Number.NEGATIVE_INFINITY;
  }

  /** One that was sent long ago, and is not among the newest jobs: how it stands is known with the older ones. */
  #isOld({ id, createdAt, jobId, read }: Submission): boolean {
    const isOfNow = createdAt >= this.#began || this.#sentNow.has(id);
    return jobId !== null && !read && !isOfNow && createdAt < this.#reach;
  }

  #take(jobs: Job[]): void {
    for (const job of jobs) {
      const known = this.#jobs.get(job.job_id);
      const older = known && FINISHED.includes(known.status) && !FINISHED.includes(job.status);
      if (older) continue;
      // The list was read before an event that came sooner.
      const { status, stage, progress, estimatedRemainingMs } = known && isBehind(job, known) ? known : job;
      this.#jobs.set(job.job_id, { ...job, status, stage, progress, estimatedRemainingMs });
    }
    this.#tell();
  }

  /** Of a page that is open for days: what is done, but for the newest, and what was opened or sent from here. It is
   * among the older documents again. */
  #letGo(newest: Job[], next: string | null): void {
    const { submissions } = this.#outbox.getSnapshot();
    const own = submissions.flatMap(each => (each.jobId ? [documentOf(each.jobId)] : []));
    const kept = new Set([...newest.map(each => documentOf(each.job_id)), ...own]);
    for (const [id, { status }] of this.#jobs)
      if (FINISHED.includes(status) && !kept.has(documentOf(id)) && !this.#results.has(id))
        this.#jobs.delete(id);
    this.#next = next;
    this.#most = this.#jobs.size + MOST;
  }

  #keep(jobId: string, result: ProcessingResult): void {
    this.#results.set(jobId, result);
    if (this.#results.size > PAGE) this.#results.delete(this.#results.keys().next().value ?? "");
  }

  #tell(): void {
    this.#bell.ring();
  }

  /** Make the view anew; entries that are as they were stay the same objects. */
  #look(): void {
    const { submissions, sending } = this.#outbox.getSnapshot();
    const sent = new Map(submissions.flatMap(each => (each.jobId ? [[documentOf(each.jobId), each]] : [])));
    const last = new Map<string, Job>(); // of a document that was processed again, its last run
    for (const each of this.#jobs.values()) {
      const document = documentOf(each.job_id);
      if (runOf(each.job_id) >= runOf(last.get(document)?.job_id ?? "")) last.set(document, each);
    }
    const documents = [
      ...submissions
        .filter(each => !each.jobId || !last.has(documentOf(each.jobId)))
        .filter(each => !this.#isOld(each))
        .map(each => ofSubmission(each, sending.get(each.id), this.#reading?.now ?? null)),
      ...[...last].map(([document, each]) => {
        const found = this.#results.get(each.job_id)?.extractedData;
        return { ...ofJob(each, sent.get(document) ?? null), ...(found ? { result: found } : {}) };
      }),
    ]
      .map(each => ({ ...each, cancelling: each.jobId !== null && this.#cancelling.has(each.jobId) }))
      .sort((a, b) => b.createdAt - a.createdAt);
    const before = new Map(this.#view.documents.map(each => [each.key, each]));
    this.#view = {
      connection: this.#connection,
      documents: documents.map(each => asBefore(before.get(each.key), each)),
      hasMore: this.#next !== null,
    };
  }
}

function notHere(): NeuralDocFlowError {
  const message = "It has not been opened on this device before. It is shown when the service is back.";
  return new NeuralDocFlowError("unreachable", message);
}

/** Whether a job that is not done was told of before it got as far as is known. */
function isBehind(job: Job, known: Job): boolean {
  if (FINISHED.includes(job.status)) return false;
  return known.progress > job.progress || (known.status === "processing" && job.status === "queued");
}
