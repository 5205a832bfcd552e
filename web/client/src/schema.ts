// Made from docs/schemas/result.json by `npm run types`; not to be edited.

/**
 * The result of one run over one document.
 */
export interface ProcessingResult {
  error?: ErrorInfo | null;
  extractedData?: ExtractedData | null;
  jobId: string;
  metadata?: ResultMetadata;
  run?: number;
  status: "completed" | "partial" | "failed";
  validationResults?: ValidationResult[];
  [k: string]: unknown;
}
/**
 * Why there is no result; ``code`` is one of docs/results.md's.
 */
export interface ErrorInfo {
  code: string;
  message: string;
  retrySuggestions?: RetrySuggestion[];
  retryable?: boolean;
  [k: string]: unknown;
}
/**
 * What may help.
 */
export interface RetrySuggestion {
  action: string;
  reason: string;
  [k: string]: unknown;
}
/**
 * What was read out of a document. A list field is a list of field values; absent is null.
 */
export interface ExtractedData {
  clauses?: {
    [k: string]: Clause[];
  };
  confidence?: number | null;
  documentType?: string | null;
  fields?: {
    [k: string]: FieldValue | FieldValue[] | null;
  };
  language?: string | null;
  pages?: number | null;
  sections?: Section[];
  tables?: Table[];
  text?: string | null;
  [k: string]: unknown;
}
/**
 * A clause of a contract.
 */
export interface Clause {
  confidence: number;
  provenance?: Provenance[];
  text: string;
  [k: string]: unknown;
}
/**
 * Where a value stands: a page and a box in PDF points (origin top left), or a block of DOCX and HTML.
 */
export interface Provenance {
  bbox?: [number, number, number, number] | null;
  block?: string | number | null;
  page?: number | null;
  text?: string;
  [k: string]: unknown;
}
/**
 * One value found, as written and normalised; ``value`` is None when it was not found.
 */
export interface FieldValue {
  confidence?: number;
  provenance?: Provenance[];
  raw?: string | null;
  value?: unknown;
  [k: string]: unknown;
}
/**
 * A section of the document, pages from 1.
 */
export interface Section {
  confidence?: number | null;
  id: string;
  level: number;
  pageEnd?: number | null;
  pageStart?: number | null;
  text?: string;
  title: string;
  [k: string]: unknown;
}
/**
 * A table as text cells; ``header`` may be empty.
 */
export interface Table {
  bbox?: [number, number, number, number] | null;
  caption?: string | null;
  confidence?: number | null;
  header?: (string | null)[];
  page?: number | null;
  rows?: (string | null)[][];
  [k: string]: unknown;
}
/**
 * About the file and the run.
 */
export interface ResultMetadata {
  agentId?: string | null;
  attempt?: number | null;
  bytes?: number | null;
  contentType?: string | null;
  engineVersion?: string | null;
  filename?: string | null;
  offlineJobId?: string | null;
  origin?: string | null;
  priority?: ("urgent" | "high" | "normal" | "low") | null;
  profile?: string | null;
  profileVersion?: string | number | null;
  sha256?: string | null;
  timings?: Timings;
  [k: string]: unknown;
}
/**
 * Milliseconds of each stage.
 */
export interface Timings {
  fieldsMs?: number | null;
  queuedMs?: number | null;
  readMs?: number | null;
  tablesMs?: number | null;
  totalMs?: number | null;
  validateMs?: number | null;
  [k: string]: unknown;
}
/**
 * One rule's verdict.
 */
export interface ValidationResult {
  fields?: string[];
  message?: string;
  passed: boolean;
  rule: string;
  severity: "error" | "warning" | "info";
  [k: string]: unknown;
}
