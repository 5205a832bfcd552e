import type { ProcessingOptions, ProcessingResult } from "@neuraldocflow/client";

/** How a document is to be processed. */
export interface Wishes {
  profile: string;
  options: ProcessingOptions;
}

/** A document on its way to the service. */
export interface Submission extends Wishes {
  id: string;
  filename: string;
  size: number;
  type: string;
  /** Milliseconds since 1970. */
  createdAt: number;
  /** `waiting` also while it is being sent: whoever finds it so sends it, under the same id. */
  state: "waiting" | "sent" | "failed";
  /** How often the service has refused it for now. */
  tries: number;
  nextTryAt: number;
  jobId: string | null;
  error: { code: string; message: string } | null;
  /** What was found in it on this device; its result is sent then, not the document. */
  read: Read | null;
  /** Its bytes are here. */
  hasFile: boolean;
}

/** A result made on this device, in short. */
export interface Read {
  status: "completed" | "partial";
  documentType: string | null;
  confidence: number | null;
  contentType: string | null;
  pages: number | null;
}

/** Where submissions are kept until they are sent; in memory, or over restarts. */
export interface Shelf {
  /** Whether what is kept is there when the page is opened again; so it is if left out. */
  lasts?(): Promise<boolean>;
  all(): Promise<Submission[]>;
  /** Keep a new one with its file, or what has changed of one. Throws when there is no room. */
  put(submission: Submission, file?: Blob): Promise<void>;
  file(id: string): Promise<Blob | null>;
  /** Keep the result of one that was read here, with what has changed of it. */
  putResult(submission: Submission, result: ProcessingResult): Promise<void>;
  result(id: string): Promise<ProcessingResult | null>;
  /** Let go of its file where the service has that, keeping the rest: of one that was read here it has the result. */
  dropFileIfSent(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Hear that another page of the same shelf has changed something, or `removed` one. */
  onChange(listener: (removed: string | null) => void): () => void;
}
