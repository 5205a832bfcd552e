import type { NeuralDocFlowError } from "./errors.ts";
import type { ProcessingResult } from "./schema.ts";

export type Priority = "low" | "normal" | "high" | "urgent";
export type OutputFormat = "json" | "yaml" | "xml";

/** How to process a document. */
export interface ProcessingOptions {
  priority?: Priority;
  /** From 0 to 1: a result with less confidence is `partial`. */
  qualityThreshold?: number;
  outputFormat?: OutputFormat;
  /** Also send what was found page by page. */
  streamResults?: boolean;
  /** Milliseconds after which nobody wants the result: the job then ends as failed, with code `timeout`. */
  deadlineMs?: number;
}

/** A document to process; `content` is base64 (also with source `file`), or an address. */
export interface ProcessingRequest {
  document: { source: "file" | "url" | "base64"; content: string; filename?: string; contentType?: string };
  profile: string;
  options: ProcessingOptions;
}

export interface ProgressEvent {
  jobId: string;
  /** From 0 to 1; never goes back. */
  progress: number;
  stage: string;
  estimatedRemainingMs?: number;
  currentOperation?: string;
  /** What became known since the last progress, with `streamResults`. */
  intermediateResults?: IntermediateResults;
}

/** The beginnings of pages that have been read, and the document's kind once it is known. */
export interface IntermediateResults {
  /** Pages of a PDF, from 1, in order; `text` has 500 characters at most. */
  pages?: { page: number; text: string; truncated: boolean }[];
  profile?: string;
  documentType?: string;
}

/** A step in a job's life: `ProcessingStarted`, `QualityValidated`, … */
export interface NotificationEvent {
  type: string;
  jobId: string;
  timestamp: string;
  [detail: string]: unknown;
}

/** What `client.job(id)` yields; after a `result` there is nothing more. */
export type JobEvent =
  | { type: "progress"; offset: string; data: ProgressEvent }
  | { type: "notification"; offset: string; data: NotificationEvent }
  | { type: "result"; offset: string; data: ProcessingResult };

export type Channel = "results" | "progress" | "notifications";

/** An event of any of the key's jobs. */
export type ChannelEvent = JobEvent & { channel: Channel };

export interface ErrorEvent {
  code: NeuralDocFlowError["code"];
  message: string;
  /** The job it is about, where it is about one. */
  jobId?: string;
  error: NeuralDocFlowError;
}

export interface ConnectionStatus {
  state: "connecting" | "connected" | "reconnecting" | "disconnected";
  /** When the next try is made. */
  retryInMs?: number;
  /** Why it is `disconnected` or `reconnecting`. */
  error?: NeuralDocFlowError;
  /** Whose the key is and what it may do, once the service has said so. */
  key?: { tenant: string; scopes: readonly Scope[] };
}

/** What a key may do: send documents, read what became of them. */
export type Scope = "submit" | "read" | "metrics" | "admin";

export interface ConnectionOptions {
  /** Where the service is, such as `http://127.0.0.1:8080`; in a browser the page's own origin if left out. */
  url?: string;
  /** Keep trying when the first try fails for want of a connection; else `connect` rejects then. */
  keepTrying?: boolean;
  connectTimeoutMs?: number;
  requestTimeoutMs?: number;
  /** Waits between tries: random up to a limit that doubles from `firstMs` to `mostMs`. */
  backoff?: { firstMs: number; mostMs: number };
  /** Gives up connecting, and disconnects later. */
  signal?: AbortSignal;
}

export interface StreamConfig {
  profile: string;
  priority?: Priority;
  options?: ProcessingOptions;
  /** How many documents may be under way at once. */
  window?: number;
}

/** How a job stands. */
export interface Job {
  job_id: string;
  run: number;
  status: "queued" | "processing" | "completed" | "partial" | "failed";
  stage: string | null;
  progress: number;
  estimatedRemainingMs: number | null;
  filename: string | null;
  contentType: string | null;
  bytes: number | null;
  sha256: string | null;
  profile: string | null;
  priority: Priority | null;
  documentType: string | null;
  confidence: number | null;
  pages: number | null;
  origin: string | null;
  error: { code: string; message: string; retryable?: boolean; retrySuggestions?: unknown[] } | null;
  createdAt: string;
  updatedAt: string;
}

export interface JobPage {
  jobs: Job[];
  /** For `after`, to get the next page. */
  next: string | null;
}

/** Which jobs to list: those of a status, and of these at most `limit` after those listed before. */
export interface JobsWanted {
  limit?: number;
  after?: string;
  status?: Job["status"];
  signal?: AbortSignal;
}

export interface ProfileSummary {
  name: string;
  version: string;
  title: string;
  document_type: string;
  formats: string[];
}

export interface SubmitOptions extends ProcessingOptions {
  profile?: string;
  /** Names the job by a key of your own: sent again, it is the same job. */
  idempotencyKey?: string;
  /** How much of the document has been sent, from 0 to 1. */
  onUpload?: (sent: number) => void;
  signal?: AbortSignal;
}

/** The specification's interface, as it stands there. */
export interface NeuralDocFlowWebSocket {
  connect(apiKey: string, options?: ConnectionOptions): Promise<void>;
  disconnect(): void;
  processDocument(request: ProcessingRequest): Promise<string>;
  subscribeToJob(jobId: string): void;
  unsubscribeFromJob(jobId: string): void;
  startStream(config: StreamConfig): Promise<string>;
  stopStream(streamId: string): void;
  onProgress(callback: (progress: ProgressEvent) => void): void;
  onResult(callback: (result: ProcessingResult) => void): void;
  onError(callback: (error: ErrorEvent) => void): void;
  onConnectionStatus(callback: (status: ConnectionStatus) => void): void;
}
