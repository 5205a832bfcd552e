import type { NeuralDocFlowError } from "./errors.ts";
import type {
  DocumentReceived,
  ListJobs,
  Options,
  ProcessDocument,
  ProcessingFailed,
  ProcessingProgress,
  ProcessingStarted,
  QualityValidated,
  ResultDelivered,
  ResultNotice,
  StartStream,
  SubscribeChannel,
} from "./messages.ts";
import type { ProcessingResult } from "./schema.ts";

export type {
  IntermediateResults,
  Job,
  JobPage,
  Options as ProcessingOptions,
  ProcessingProgress as ProgressEvent,
  StartStream as StreamConfig,
} from "./messages.ts";

export type Priority = NonNullable<Options["priority"]>;
export type OutputFormat = NonNullable<Options["outputFormat"]>;
export type Channel = SubscribeChannel["channel"];

/** A document to process; `content` is base64 (also with source `file`), or an address. */
export type ProcessingRequest = Required<Omit<ProcessDocument, "idempotencyKey">>;

/** A step in a job's life, of the log's events; of a result that it is there. */
export type NotificationEvent =
  | DocumentReceived
  | ProcessingStarted
  | QualityValidated
  | ProcessingFailed
  | ResultDelivered
  | ResultNotice;

/** What `client.job(id)` yields; after a `result` there is nothing more. */
export type JobEvent =
  | { type: "progress"; offset: string; data: ProcessingProgress }
  | { type: "notification"; offset: string; data: NotificationEvent }
  | { type: "result"; offset: string; data: ProcessingResult };

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
  /** How often to ask whether the service is still there; a connection on which nothing moves for three times as
   * long is opened anew. 25 s by default. */
  pingMs?: number;
  requestTimeoutMs?: number;
  /** Waits between tries: random up to a limit that doubles from `firstMs` to `mostMs`. */
  backoff?: { firstMs: number; mostMs: number };
  /** Gives up connecting, and disconnects later. */
  signal?: AbortSignal;
}

/** Which jobs to list: those of a status, and of these at most `limit` after those listed before. */
export interface JobsWanted extends ListJobs {
  signal?: AbortSignal;
}

export interface ProfileSummary {
  name: string;
  version: string;
  title: string;
  document_type: string;
  formats: string[];
}

export interface SubmitOptions extends Options {
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
  startStream(config: StartStream): Promise<string>;
  stopStream(streamId: string): void;
  onProgress(callback: (progress: ProcessingProgress) => void): void;
  onResult(callback: (result: ProcessingResult) => void): void;
  onError(callback: (error: ErrorEvent) => void): void;
  onConnectionStatus(callback: (status: ConnectionStatus) => void): void;
}
