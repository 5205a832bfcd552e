import { NeuralDocFlowError, type ProcessingResult } from "@neuraldocflow/client";
import type { Shelf, Submission } from "@neuraldocflow/react";
import type { IDBPDatabase } from "idb";
import { forgetAnswers } from "./kept.ts";
import {
  CHANGES,
  DATABASE,
  markOf,
  openStores,
  type StoredDocument,
  type StoredSync,
  type Stores,
  tellOfChange,
} from "./stores.ts";

const KEPT = 500;
const KEPT_MS = 14 * 86_400_000;
const RESULTS_KEPT = 50;

/** A tenant's documents in the browser's database: what waits outlives the page, and is seen by all its tabs.
 * Those of other tenants whose keys were used here are neither shown nor sent. */
export class DatabaseShelf implements Shelf {
  readonly #tenant: string;
  readonly #mark: Promise<string>;
  readonly #name: string;
  readonly #channel = new BroadcastChannel(CHANGES);
  #database: Promise<IDBPDatabase<Stores>> | null = null;

  constructor(tenant: string, key: string, name = DATABASE) {
    this.#tenant = tenant;
    this.#mark = markOf(key);
    this.#name = name;
  }

  async all(): Promise<Submission[]> {
    const mark = await this.#mark;
    const database = await this.#open();
    const transaction = database.transaction(["documents", "syncQueue"]);
    const [stored, waiting] = await Promise.all([
      transaction.objectStore("documents").index("timestamp").getAll(),
      transaction.objectStore("syncQueue").getAll(),
    ]);
    for (const each of stored) {
      if (!mark || each.owner !== mark) continue;
      each.owner = this.#tenant; // the service worker has taken it, by its key
      delete each.key;
      await database.put("documents", each);
    }
    const syncs = new Map(waiting.map(each => [each.id, each]));
    return stored
      .filter(each => each.owner === this.#tenant)
      .map(each => asSubmission(each, syncs.get(each.id)));
  }

  /** Give what the service worker has taken with other keys to their tenants, of which this may be one. `tenantOf`
   * asks the service; it gives null where that does not say. */
  async adopt(tenantOf: (key: string) => Promise<string | null>): Promise<void> {
    const database = await this.#open();
    const keys = new Set((await database.getAll("documents")).flatMap(({ key }) => key ?? []));
    for (const key of keys) {
      const owner = await tenantOf(key);
      if (!owner) continue;
      const transaction = database.transaction("documents", "readwrite");
      for (const { key: its, ...about } of await transaction.store.getAll())
        if (its === key) void transaction.store.put({ ...about, owner });
      await transaction.done;
      tellOfChange();
    }
  }

  put(submission: Submission, file?: Blob): Promise<void> {
    return this.#put(submission, file);
  }

  putResult(submission: Submission, result: ProcessingResult): Promise<void> {
    return this.#put(submission, undefined, result);
  }

  async #put(submission: Submission, file?: Blob, result?: ProcessingResult): Promise<void> {
    try {
      await this.#write(submission, file, result);
    } catch (error) {
      if (!isFull(error)) throw error;
      await this.#makeRoom();
      await this.#write(submission, file, result).catch(again => {
        if (!isFull(again)) throw again;
        if (submission.state === "sent") return this.remove(submission.id); // the service has it
        const message = "The browser has no room left: remove some documents, or connect, and try again.";
        throw new NeuralDocFlowError("too_large", message, { cause: again });
      });
    }
    if (file) void navigator.storage?.persist?.();
    this.#channel.postMessage(null);
  }

  async #write(submission: Submission, file?: Blob, result?: ProcessingResult): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction(["documents", "syncQueue"], "readwrite");
    const documents = transaction.objectStore("documents");
    const queue = transaction.objectStore("syncQueue");
    const { id, filename, profile, options, size, type, createdAt, jobId, state, read } = submission;
    const known = await documents.get(id);
    if (!known && !file) return; // taken back meanwhile
    const synced = state === "sent";
    const about = { id, filename, profile, options, size, type, jobId, read, timestamp: createdAt, synced };
    const document = file ?? known?.document ?? null;
    await Promise.all([
      documents.put({ ...about, owner: this.#tenant, document, result: result ?? known?.result ?? null }),
      synced ? queue.delete(id) : queue.put(asSync(submission)),
      transaction.done,
    ]);
  }

  async file(id: string): Promise<Blob | null> {
    return (await (await this.#open()).get("documents", id))?.document ?? null;
  }

  async result(id: string): Promise<ProcessingResult | null> {
    return (await (await this.#open()).get("documents", id))?.result ?? null;
  }

  async dropFileIfSent(id: string): Promise<void> {
    const database = await this.#open();
    const known = await database.get("documents", id);
    if (known && !known.read) await database.put("documents", { ...known, document: null });
    await forgetOld(database);
  }

  async remove(id: string): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction(["documents", "syncQueue"], "readwrite");
    await Promise.all([
      transaction.objectStore("documents").delete(id),
      transaction.objectStore("syncQueue").delete(id),
      transaction.done,
    ]);
    this.#channel.postMessage(id);
  }

  onChange(listener: (removed: string | null) => void): () => void {
    const heard = ({ data }: MessageEvent<string | null>) => listener(data);
    this.#channel.addEventListener("message", heard);
    return () => this.#channel.removeEventListener("message", heard);
  }

  /** The database; opened again where the browser has closed it, as when it took its room back. */
  #open(): Promise<IDBPDatabase<Stores>> {
    const forget = () => {
      this.#database = null;
    };
    this.#database ??= openStores(this.#name, { terminated: forget }).catch(error => {
      forget();
      throw error;
    });
    return this.#database;
  }

  /** Let go of what the service has too: results that were synced, with their pages, and its answers. */
  async #makeRoom(): Promise<void> {
    await forgetAnswers();
    const database = await this.#open();
    const sent = (await database.getAll("documents")).filter(each => each.synced && each.result);
    await Promise.all(sent.map(each => database.put("documents", { ...each, document: null, result: null })));
  }
}

/** Drop what was sent long ago, or is more than a list can use; what waits or failed stays. */
async function forgetOld(database: IDBPDatabase<Stores>): Promise<void> {
  const all = await database.getAllFromIndex("documents", "timestamp");
  const sent = all.filter(each => each.synced);
  const old = sent.filter((each, at) => each.timestamp < Date.now() - KEPT_MS || at < sent.length - KEPT);
  await Promise.all(old.map(each => database.delete("documents", each.id)));
  const withResult = sent.filter(each => each.result && !old.includes(each)).slice(0, -RESULTS_KEPT);
  await Promise.all(
    withResult.map(each => database.put("documents", { ...each, document: null, result: null })),
  );
}

function isFull(error: unknown): boolean {
  return (error as DOMException | null)?.name === "QuotaExceededError";
}

function asSubmission(stored: StoredDocument, sync: StoredSync | undefined): Submission {
  return {
    id: stored.id,
    filename: stored.filename,
    profile: stored.profile,
    options: stored.options,
    size: stored.size,
    type: stored.type,
    createdAt: stored.timestamp,
    jobId: stored.jobId ?? null,
    state: stored.synced ? "sent" : sync?.failed ? "failed" : "waiting",
    tries: sync?.retries ?? 0,
    nextTryAt: sync?.nextTryAt ?? 0,
    error: sync?.error ?? null,
    read: stored.read ?? null,
    hasFile: stored.document !== null,
  };
}

function asSync({ id, createdAt, tries, nextTryAt, state, error, read }: Submission): StoredSync {
  const failed = state === "failed";
  const action = read ? "upload_result" : "submit_document";
  return { id, action, timestamp: createdAt, retries: tries, nextTryAt, failed, error };
}
