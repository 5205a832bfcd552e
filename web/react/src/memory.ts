import type { ProcessingResult } from "@neuraldocflow/client";
import type { Shelf, Submission } from "./submissions.ts";

/** Keeps documents as long as the page lives. */
export class MemoryShelf implements Shelf {
  readonly #all = new Map<string, Submission>();
  readonly #files = new Map<string, Blob>();
  readonly #results = new Map<string, ProcessingResult>();

  async lasts(): Promise<boolean> {
    return false;
  }

  async all(): Promise<Submission[]> {
    return [...this.#all.values()];
  }

  async put(submission: Submission, file?: Blob): Promise<void> {
    if (!file && !this.#all.has(submission.id)) return; // taken back meanwhile
    this.#all.set(submission.id, submission);
    if (file) this.#files.set(submission.id, file);
  }

  async file(id: string): Promise<Blob | null> {
    return this.#files.get(id) ?? null;
  }

  async putResult(submission: Submission, result: ProcessingResult): Promise<void> {
    await this.put(submission);
    if (this.#all.has(submission.id)) this.#results.set(submission.id, result);
  }

  async result(id: string): Promise<ProcessingResult | null> {
    return this.#results.get(id) ?? null;
  }

  async dropFileIfSent(id: string): Promise<void> {
    const known = this.#all.get(id);
    if (!known || known.read) return;
    this.#files.delete(id);
    this.#all.set(id, { ...known, hasFile: false });
  }

  async remove(id: string): Promise<void> {
    this.#all.delete(id);
    this.#files.delete(id);
    this.#results.delete(id);
  }

  onChange(): () => void {
    return () => {};
  }
}
