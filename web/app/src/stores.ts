import type { ProcessingOptions, ProcessingResult } from "@neuraldocflow/client";
import { type DBSchema, type IDBPDatabase, type OpenDBCallbacks, openDB } from "idb";

/** The browser's database, with the specification's stores and indexes. */
export const DATABASE = "NeuralDocFlowDB";
/** Where pages and the service worker tell each other that something in it has changed. */
export const CHANGES = "neuraldocflow-shelf";
const VERSION = 1;

/** A document that is here: its bytes until they are sent, its result where it was read here. */
export interface StoredDocument {
  id: string;
  /** The tenant whose document it is; until a page knows that, the mark of the key it came with. */
  owner: string;
  /** The key it came with, until the service has said whose that is. */
  key?: string;
  filename: string;
  profile: string;
  options: ProcessingOptions;
  timestamp: number;
  size: number;
  type: string;
  document: Blob | null;
  result: ProcessingResult | null;
  synced: boolean;
  jobId?: string | null;
  /** The result in short; it outlives the result itself. */
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

/** The database, made where there is none: by whichever of the page and the service worker comes first. */
export function openStores(
  name = DATABASE,
  callbacks: OpenDBCallbacks<Stores> = {},
): Promise<IDBPDatabase<Stores>> {
  return openDB<Stores>(name, VERSION, {
    ...callbacks,
    upgrade(database) {
      const documents = database.createObjectStore("documents", { keyPath: "id" });
      documents.createIndex("timestamp", "timestamp");
      documents.createIndex("profile", "profile");
      const queue = database.createObjectStore("syncQueue", { keyPath: "id" });
      queue.createIndex("timestamp", "timestamp");
    },
  });
}

/** Tell all pages that something in the database has changed, this one too. */
export function tellOfChange(): void {
  const channel = new BroadcastChannel(CHANGES);
  channel.postMessage(null);
  channel.close();
}

/** What stands for a key where the key itself must not; empty on pages that are not served securely. */
export async function markOf(key: string): Promise<string> {
  if (!globalThis.crypto?.subtle) return "";
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
  return `key-${Array.from(hash.slice(0, 16), byte => byte.toString(16).padStart(2, "0")).join("")}`;
}
