import type { ExtractedData, Job } from "@neuraldocflow/client";
import type { BeingRead } from "./reading.ts";
import type { Submission } from "./submissions.ts";

/** A document as the page shows it: on its way, being processed, or done. */
export interface DocumentEntry {
  /** Stays the same from the drop to the result. */
  key: string;
  /** The job's id, once there is one; before that the key. */
  id: string;
  jobId: string | null;
  filename: string;
  size: number | null;
  createdAt: number;
  status: "waiting" | "uploading" | "queued" | "processing" | "completed" | "partial" | "failed";
  /** From 0 to 1: of the upload while it is uploaded, then of the processing. */
  progress: number;
  stage: string;
  estimatedRemainingMs: number | null;
  profile: string | null;
  documentType: string | null;
  confidence: number | null;
  contentType: string | null;
  pages: number | null;
  origin: string | null;
  error: { code: string; message: string; retryable?: boolean } | null;
  submission: Submission | null;
  /** It has been asked to stop. */
  cancelling: boolean;
  /** What was found, where it has been asked for. */
  result?: ExtractedData | null;
}

/** What was there before, where nothing in it has changed. */
export function asBefore(before: DocumentEntry | undefined, now: DocumentEntry): DocumentEntry {
  const names = Object.keys(now) as (keyof DocumentEntry)[];
  const same = before && names.length === Object.keys(before).length;
  return same && names.every(name => before[name] === now[name]) ? before : now;
}

/** A document that is on its way, or was read here. */
export function ofSubmission(
  submission: Submission,
  sent: number | undefined,
  beingRead: BeingRead | null,
): Omit<DocumentEntry, "cancelling"> {
  const { id, jobId, state, filename, size, createdAt, profile, error, type, read } = submission;
  const now = beingRead?.id === id ? beingRead : null;
  const open = state === "failed" ? "failed" : sent !== undefined ? "uploading" : "waiting";
  const told: Omit<DocumentEntry, "cancelling"> = {
    key: id,
    id: jobId ?? id,
    jobId,
    filename,
    size,
    createdAt,
    status: state === "sent" ? "queued" : open,
    progress: sent ?? 0,
    stage: state === "sent" ? "queued" : open,
    estimatedRemainingMs: null,
    profile,
    documentType: null,
    confidence: null,
    contentType: type || null,
    pages: null,
    origin: null,
    error: state === "failed" ? error : null,
    submission,
  };
  if (now) return { ...told, status: "processing", stage: now.stage, progress: now.progress };
  if (!read) return told;
  const found = { ...told, ...read, origin: "offline" };
  return state === "failed" ? { ...found, status: "failed" } : { ...found, stage: "done", progress: 1 };
}

/** A document the service has, and what is known of it here. */
export function ofJob(job: Job, submission: Submission | null): Omit<DocumentEntry, "cancelling"> {
  return {
    key: submission?.id ?? documentOf(job.job_id),
    id: job.job_id,
    jobId: job.job_id,
    filename: job.filename || submission?.filename || "Document without a name",
    size: job.bytes === 0 ? null : (job.bytes ?? submission?.size ?? null), // what an address holds is not known
    createdAt: submission?.createdAt ?? Date.parse(job.createdAt),
    status: job.status,
    progress: job.progress,
    stage: job.stage ?? job.status,
    estimatedRemainingMs: job.estimatedRemainingMs,
    profile: job.profile,
    documentType: job.documentType,
    confidence: job.confidence,
    contentType: job.contentType,
    pages: job.pages,
    origin: job.origin,
    error: job.error,
    submission,
  };
}

/** A job's document: its id is the document's, and the number of the run after the first. */
export function documentOf(jobId: string): string {
  return jobId.split(":")[0] ?? jobId;
}

/** The number of a job's run; the first is 0. */
export function runOf(jobId: string): number {
  return Number(jobId.split(":")[1] ?? 0);
}

/** What is as it was when a document is processed again. */
export function aboutDocument({
  filename,
  contentType,
  bytes,
  sha256,
  profile,
  priority,
}: Job): Partial<Job> {
  return { filename, contentType, bytes, sha256, profile, priority };
}

/** A job of which only the id is known yet. */
export function unknownJob(job_id: string): Job {
  const now = new Date().toISOString();
  return {
    ...{ job_id, run: 0, status: "queued", stage: "queued", progress: 0, estimatedRemainingMs: null },
    ...{ filename: null, contentType: null, bytes: null, sha256: null, profile: null, priority: null },
    ...{ documentType: null, confidence: null, pages: null, origin: null, error: null },
    ...{ createdAt: now, updatedAt: now },
  };
}
