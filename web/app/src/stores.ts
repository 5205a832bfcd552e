import type { ProcessingResult } from "@neuraldocflow/client";
import type { DBSchema } from "idb";

/** The browser's database, with the specification's stores and indexes. */
export const DATABASE = "NeuralDocFlowDB";
export const STORES_VERSION = 1;

/** A document that is here: its bytes until they are sent, its result where it was read here. */
export interface StoredDocument {
  id: string;
  filename: string;
  profile: string;
  priority: string;
  timestamp: number;
  size: number;
  type: string;
  document: Blob | null;
  result: ProcessingResult | null;
  synced: boolean;
  jobId?: string | null;
  /** The result in short; it outlives the result itself, which is dropped when it is sent. */
  read?: {
    status: "completed" | "partial";
    documentType: string | null;
    confidence: number | null;
    contentType: string | null;
    pages: number | null;
  } | null;
}

/** What is still to be sent, or could not be. */
export interface StoredSync {
  id: string;
  action: "submit_document" | "upload_result";
  timestamp: number;
  retries: number;
  nextTryAt?: number;
  failed?: boolean;
  error?: { code: string; message: string } | null;
}

export interface Stores extends DBSchema {
  documents: { key: string; value: StoredDocument; indexes: { timestamp: number; profile: string } };
  syncQueue: { key: string; value: StoredSync; indexes: { timestamp: number } };
}
