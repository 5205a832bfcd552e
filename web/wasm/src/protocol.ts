/** What the page and its worker say to each other. */

export interface Manifest {
  version: string;
  worker: string;
  pyodide: string;
  stdlib: string;
  archives: string[];
  libraries: string[];
  bytes: number;
  files: Record<string, { bytes: number; sha256: string }>;
}

/** Where the work is: of a start-up `download boot unpack import`, of a document as the service tells it. */
export interface Progress {
  stage: string;
  /** 0 to 1, of the stage's whole: the start-up, or the document. */
  progress: number;
  done: number;
  total: number;
}

export interface About {
  jobId: string;
  filename: string;
  profile: string;
  contentType: string | null;
  options: Record<string, unknown>;
}

export type Request =
  | { type: "init"; base: string; manifest: Manifest; maxMemoryMb: number; maxSeconds: number }
  | { type: "profile"; id: number; form: string }
  | { type: "process"; id: number; file: Blob; about: About }
  | { type: "page"; id: number; file: Blob; page: number };

export type Answer =
  | { type: "ready"; milliseconds: Record<string, number> }
  | { type: "progress"; id: number | null; progress: Progress }
  /** Of a profile: an error object or nothing; of a document: its result; both in JSON. Of a page: its image,
   * or an error object. `spent`: the worker has grown so much that the next document should have another. */
  | { type: "done"; id: number; found: string | Blob; spent: boolean }
  /** The interpreter is lost: the page starts another worker. */
  | { type: "lost"; id: number | null; outOfMemory: boolean; message: string };
