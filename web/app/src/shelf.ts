import type { Priority } from "@neuraldocflow/client";
import { NeuralDocFlowError, type ProcessingResult } from "@neuraldocflow/client";
import type { Shelf, Submission } from "@neuraldocflow/react";
import { type IDBPDatabase, openDB } from "idb";
import { DATABASE, STORES_VERSION, type StoredDocument, type StoredSync, type Stores } from "./stores.ts";

const KEPT = 500;
const KEPT_MS = 14 * 86_400_000;

/** Documents in the browser's database: what waits outlives the page, and is seen by all its tabs. */
export class DatabaseShelf implements Shelf {
  readonly #database: Promise<IDBPDatabase<Stores>>;
  readonly #channel = new BroadcastChannel("neuraldocflow-shelf");

  constructor(name = DATABASE) {
    this.#database = openDB<Stores>(name, STORES_VERSION, {
      upgrade(database) {
        const documents = database.createObjectStore("documents", { keyPath: "id" });
        documents.createIndex("timestamp", "timestamp");
        documents.createIndex("profile", "profile");
        const queue = database.createObjectStore("syncQueue", { keyPath: "id" });
        queue.createIndex("timestamp", "timestamp");
      },
    });
  }

  async all(): Promise<Submission[]> {
    const database = await this.#database;
    const transaction = database.transaction(["documents", "syncQueue"]);
    const [documents, waiting] = await Promise.all([
      transaction.objectStore("documents").index("timestamp").getAll(),
      transaction.objectStore("syncQueue").getAll(),
    ]);
    const syncs = new Map(waiting.map(each => [each.id, each]));
    return documents.map(each => asSubmission(each, syncs.get(each.id)));
  }

  put(submission: Submission, file?: Blob): Promise<void> {
    return this.#put(submission, file);
  }

  putResult(submission: Submission, result: ProcessingResult): Promise<void> {
    return this.#put(submission, undefined, result);
  }

  async #put(submission: Submission, file?: Blob, result?: ProcessingResult): Promise<void> {
    const database = await this.#database;
    const transaction = database.transaction(["documents", "syncQueue"], "readwrite");
    const documents = transaction.objectStore("documents");
    const queue = transaction.objectStore("syncQueue");
    const known = await documents.get(submission.id);
    if (!known && !file) return; // taken back meanwhile
    const { id, filename, profile, priority, size, type, createdAt, jobId, state, read } = submission;
    const about = { id, filename, profile, priority, size, type, jobId, read, timestamp: createdAt };
    const document = file ?? known?.document ?? null;
    try {
      await Promise.all([
        documents.put({
          ...about,
          document,
          result: result ?? known?.result ?? null,
          synced: state === "sent",
        }),
        state === "sent" ? queue.delete(id) : queue.put(asSync(submission)),
        transaction.done,
      ]);
    } catch (error) {
      if ((error as DOMException).name !== "QuotaExceededError") throw error;
      const message =
        "The browser has no room left for this document. Remove some, or connect and add it again.";
      throw new NeuralDocFlowError("too_large", message, { cause: error });
    }
    if (file) void navigator.storage?.persist?.();
    this.#channel.postMessage(id);
  }

  async file(id: string): Promise<Blob | null> {
    return (await (await this.#database).get("documents", id))?.document ?? null;
  }

  async result(id: string): Promise<ProcessingResult | null> {
    return (await (await this.#database).get("documents", id))?.result ?? null;
  }

  async dropFile(id: string): Promise<void> {
    const database = await this.#database;
    const known = await database.get("documents", id);
    if (known) await database.put("documents", { ...known, document: null, result: null });
    await this.#forgetOld(database);
  }

  async remove(id: string): Promise<void> {
    const database = await this.#database;
    const transaction = database.transaction(["documents", "syncQueue"], "readwrite");
    await Promise.all([
      transaction.objectStore("documents").delete(id),
      transaction.objectStore("syncQueue").delete(id),
      transaction.done,
    ]);
    this.#channel.postMessage(id);
  }

  onChange(listener: () => void): () => void {
    this.#channel.addEventListener("message", listener);
    return () => this.#channel.removeEventListener("message", listener);
  }

  /** What was sent long ago, or is more than a list can use; what waits or failed stays. */
  async #forgetOld(database: IDBPDatabase<Stores>): Promise<void> {
    const all = await database.getAllFromIndex("documents", "timestamp");
    const sent = all.filter(each => each.synced);
    const old = sent.filter((each, at) => each.timestamp < Date.now() - KEPT_MS || at < sent.length - KEPT);
    await Promise.all(old.map(each => database.delete("documents", each.id)));
  }
}

function asSubmission(stored: StoredDocument, sync: StoredSync | undefined): Submission {
  return {
    id: stored.id,
    filename: stored.filename,
    profile: stored.profile,
    priority: stored.priority as Priority,
    size: stored.size,
    type: stored.type,
    createdAt: stored.timestamp,
    jobId: stored.jobId ?? null,
    state: stored.synced ? "sent" : sync?.failed ? "failed" : "waiting",
    tries: sync?.retries ?? 0,
    nextTryAt: sync?.nextTryAt ?? 0,
    error: sync?.error ?? null,
    read: stored.read ?? null,
  };
}

function asSync({ id, createdAt, tries, nextTryAt, state, error, read }: Submission): StoredSync {
  const failed = state === "failed";
  const action = read ? "upload_result" : "submit_document";
  return { id, action, timestamp: createdAt, retries: tries, nextTryAt, failed, error };
}

/** Runs work while no other tab does the same; pages not served securely have no locks, and go without. */
export async function underLock(work: () => Promise<void>): Promise<void> {
  if (!navigator.locks) return work();
  await navigator.locks.request("neuraldocflow-sync", work);
}
