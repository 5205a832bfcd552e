// Made from docs/schemas/asyncapi.json by `npm run types`; not to be edited.
import type { ErrorInfo, RetrySuggestion, ValidationResult } from "./schema.ts";

export type Message =
  | ProcessDocument
  | StartStream
  | ListJobs
  | JobPage
  | Subscribed
  | SubscribeChannel
  | ChannelSubscribed
  | ProcessingProgress
  | DocumentReceived
  | ProcessingStarted
  | QualityValidated
  | ProcessingFailed
  | ResultDelivered
  | ResultNotice;

export interface ProcessDocument {
  document: Document;
  /**
   * names the job; the same key, the same job
   */
  idempotencyKey?: string;
  options?: Options;
  profile?: string;
}
/**
 * The document: ``content`` is base64 (also in lines, or a ``data:`` address), an address (``url``), or
 * the id of an upload (``file``).
 */
export interface Document {
  content: string;
  contentType?: string;
  filename?: string;
  source: "file" | "url" | "base64";
}
/**
 * How to process it.
 */
export interface Options {
  /**
   * milliseconds after which nobody wants the result: the job then ends as failed, with code `timeout`
   */
  deadlineMs?: number;
  outputFormat?: "json" | "yaml" | "xml";
  priority?: "urgent" | "high" | "normal" | "low";
  /**
   * a result with less confidence is `partial`
   */
  qualityThreshold?: number;
  /**
   * also tell what was found page by page
   */
  streamResults?: boolean;
}
export interface StartStream {
  options?: Options;
  priority?: "urgent" | "high" | "normal" | "low";
  profile?: string;
  /**
   * documents that may be under way
   */
  window?: number;
}
export interface ListJobs {
  /**
   * the `next` of the page before
   */
  after?: string;
  limit?: number;
  status?: "queued" | "processing" | "completed" | "partial" | "failed";
}
/**
 * Jobs, the newest first; ``next`` is for ``after`` of the next page.
 */
export interface JobPage {
  jobs: Job[];
  next: string | null;
}
/**
 * How a job stands.
 */
export interface Job {
  bytes: number | null;
  confidence: number | null;
  contentType: string | null;
  createdAt: string;
  documentType: string | null;
  error: ErrorInfo | null;
  estimatedRemainingMs: number | null;
  filename: string | null;
  job_id: string;
  origin: string | null;
  pages: number | null;
  priority: string | null;
  profile: string | null;
  progress: number;
  run: number;
  sha256: string | null;
  stage: string | null;
  status: "queued" | "processing" | "completed" | "partial" | "failed";
  updatedAt: string;
}
export interface Subscribed {
  job_id: string;
  offset: string;
  /**
   * false: some events are older than the log's retention
   */
  recovered: boolean;
  state: Job;
}
export interface SubscribeChannel {
  channel: "results" | "notifications" | "progress";
  /**
   * what each must be equal to
   */
  filter?: {
    [k: string]: unknown;
  };
  /**
   * of the last event seen; without it from now on
   */
  from_offset?: string;
}
export interface ChannelSubscribed {
  channel: "results" | "notifications" | "progress";
  offset: string;
  recovered: boolean;
}
/**
 * How far it is; never goes backwards, also when another attempt begins anew.
 */
export interface ProcessingProgress {
  currentOperation?: string;
  estimatedRemainingMs?: number;
  intermediateResults?: IntermediateResults;
  jobId: string;
  progress: number;
  stage:
    | "queued"
    | "fetching"
    | "opening"
    | "reading"
    | "tables"
    | "fields"
    | "validating"
    | "delivering"
    | "done";
}
/**
 * What became known since the last progress; the names once the document's kind is.
 */
export interface IntermediateResults {
  documentType?: string;
  pages?: PageRead[];
  profile?: string;
}
/**
 * A page that has been read: how its text begins.
 */
export interface PageRead {
  page: number;
  text: string;
  truncated: boolean;
}
/**
 * The dataflow has taken the document up.
 */
export interface DocumentReceived {
  jobId: string;
  metadata?: {
    [k: string]: unknown;
  };
  source: DocumentSource;
  timestamp: string;
  type: "DocumentReceived";
}
/**
 * A claim check: where the payload is, never the payload.
 */
export interface DocumentSource {
  content_type?: string;
  filename?: string;
  kind: "file" | "url" | "base64" | "s3" | "kafka";
  sha256?: string;
  size: number;
}
/**
 * An agent has begun; once more where the first one died.
 */
export interface ProcessingStarted {
  agent_id: string;
  attempt?: number;
  estimated_duration_ms?: number | null;
  jobId: string;
  swarm_id: string;
  timestamp: string;
  type: "ProcessingStarted";
}
/**
 * The verdicts of the profile's rules and of the stream's.
 */
export interface QualityValidated {
  confidence_score: number;
  jobId: string;
  timestamp: string;
  type: "QualityValidated";
  validation_results?: ValidationResult[];
}
/**
 * There is none, and why.
 */
export interface ProcessingFailed {
  error: ErrorInfo;
  jobId: string;
  retry_suggestions?: RetrySuggestion[];
  timestamp: string;
  type: "ProcessingFailed";
}
/**
 * An output has the result, or has given up.
 */
export interface ResultDelivered {
  delivery_status: DeliveryStatus;
  jobId: string;
  timestamp: string;
  type: "ResultDelivered";
}
/**
 * To where, and how it went.
 */
export interface DeliveryStatus {
  attempts?: number;
  sink: string;
  status: "delivered" | "failed" | "disabled";
  target?: string;
}
/**
 * A result on the channel ``notifications``: that it is there, not all that is in it.
 */
export interface ResultNotice {
  documentType: string | null;
  error: ErrorInfo | null;
  filename: string | null;
  jobId: string;
  status: "completed" | "partial" | "failed";
  timestamp: string;
  type: "ProcessingCompleted" | "ProcessingFailed";
}
