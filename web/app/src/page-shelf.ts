import type { ProcessingResult } from "@neuraldocflow/client";
import { MemoryShelf, type Shelf, type Submission } from "@neuraldocflow/react";
import { DatabaseShelf } from "./shelf.ts";

/** A tenant's documents in the browser's database; where the browser denies the page a database, here as long as the
 * page is open. */
export class PageShelf implements Shelf {
  readonly #kept: DatabaseShelf;
  readonly #shelf: Promise<Shelf>;

  constructor(tenant: string, key: string, name?: string) {
    const kept = new DatabaseShelf(tenant, key, name);
    this.#kept = kept;
    this.#shelf = kept.all().then(
      () => kept,
      () => new MemoryShelf(),
    );
  }

  /** As the database's; in memory there is nothing of others. */
  async adopt(tenantOf: (key: string) => Promise<string | null>): Promise<void> {
    if ((await this.#shelf) === this.#kept) await this.#kept.adopt(tenantOf);
  }

  async lasts(): Promise<boolean> {
    return (await this.#shelf) === this.#kept;
  }

  async all(): Promise<Submission[]> {
    return (await this.#shelf).all();
  }

  async put(submission: Submission, file?: Blob): Promise<void> {
    return (await this.#shelf).put(submission, file);
  }

  async file(id: string): Promise<Blob | null> {
    return (await this.#shelf).file(id);
  }

  async putResult(submission: Submission, result: ProcessingResult): Promise<void> {
    return (await this.#shelf).putResult(submission, result);
  }

  async result(id: string): Promise<ProcessingResult | null> {
    return (await this.#shelf).result(id);
  }

  async dropFileIfSent(id: string): Promise<void> {
    return (await this.#shelf).dropFileIfSent(id);
  }

  async remove(id: string): Promise<void> {
    return (await this.#shelf).remove(id);
  }

  onChange(listener: (removed: string | null) => void): () => void {
    return this.#kept.onChange(listener);
  }
}
