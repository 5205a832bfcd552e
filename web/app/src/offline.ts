import { type NeuralDocFlowClient, NeuralDocFlowError } from "@neuraldocflow/client";
import type { Manifest } from "@neuraldocflow/wasm";
import { FOLDER, KEPT, MANIFEST, PROFILES } from "./kept.ts";

export interface Offline {
  state: "unknown" | "impossible" | "absent" | "fetching" | "kept";
  /** Bytes fetched and bytes to fetch, while it is fetched. */
  done: number;
  total: number;
  /** Why it was not kept. */
  problem: string;
}

const UNKNOWN: Offline = { state: "unknown", done: 0, total: 0, problem: "" };

/** Makes reading without a connection available: its files in a cache of their own, fetched when asked for. */
export class OfflineFiles {
  readonly #listeners = new Set<() => void>();
  #view = UNKNOWN;
  #abort: AbortController | null = null;
  readonly #looked = this.#look();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly getSnapshot = (): Offline => this.#view;

  /** Fetch what is not here yet and keep it. What goes wrong is in the view. */
  async keep(client: NeuralDocFlowClient): Promise<void> {
    if (this.#view.state === "fetching") return;
    const before = this.#view.state;
    const abort = new AbortController();
    this.#abort = abort;
    this.#tell({ ...UNKNOWN, state: "fetching" });
    try {
      const manifest = await fresh(abort.signal);
      const cache = await caches.open(KEPT);
      const missing: string[] = [];
      for (const name of Object.keys(manifest.files))
        if (!(await cache.match(FOLDER + name))) missing.push(name);
      const total = missing.reduce((sum, name) => sum + (manifest.files[name]?.bytes ?? 0), 0);
      let done = 0;
      const tell = (bytes: number) => {
        done += bytes;
        this.#tell({ state: "fetching", done, total, problem: "" });
      };
      tell(0);
      for (const name of missing) {
        const body = await fetched(name, manifest, tell, abort.signal);
        await cache.put(FOLDER + name, body);
      }
      await this.keepProfiles(client);
      const version = Response.json(manifest);
      await cache.put(MANIFEST, version); // last: with it, all is there
      await forget(cache, manifest);
      void navigator.storage?.persist?.();
      this.#tell({ ...UNKNOWN, state: "kept" });
    } catch (error) {
      const problem = abort.signal.aborted ? "" : whyNot(error as Error);
      this.#tell({ ...UNKNOWN, state: before === "kept" ? "kept" : "absent", problem });
    }
  }

  /** Keep the profiles as they are now; and the parts that a new version has changed, of what was made available. */
  async refresh(client: NeuralDocFlowClient): Promise<void> {
    await this.#looked;
    if (this.#view.state === "impossible") return;
    if (this.#view.state === "kept") {
      const known = await (await caches.match(MANIFEST))?.json();
      const now = await fresh(AbortSignal.timeout(30_000)).catch(() => null);
      if (now && known && now.version !== known.version) return this.keep(client);
    }
    await this.keepProfiles(client).catch(() => {}); // those kept before are still there
  }

  async keepProfiles(client: NeuralDocFlowClient): Promise<void> {
    const names = (await client.profiles()).map(each => String(each.name));
    const forms = await Promise.all(names.map(name => client.profile(name)));
    await (await caches.open(KEPT)).put(PROFILES, Response.json(forms));
  }

  stop(): void {
    this.#abort?.abort();
  }

  async remove(): Promise<void> {
    await caches.delete(KEPT);
    this.#tell({ ...UNKNOWN, state: "absent" });
  }

  async #look(): Promise<void> {
    if (!("caches" in globalThis) || !("serviceWorker" in navigator)) {
      return this.#tell({ ...UNKNOWN, state: "impossible" });
    }
    const cache = await caches.open(KEPT).catch(() => null); // the browser denies it
    if (!cache) return this.#tell({ ...UNKNOWN, state: "impossible" });
    const there = await cache.match(MANIFEST);
    if (this.#view.state === "unknown") this.#tell({ ...UNKNOWN, state: there ? "kept" : "absent" });
  }

  #tell(view: Offline): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}

/** The server's manifest, not the one that is kept. */
async function fresh(signal: AbortSignal): Promise<Manifest> {
  const answer = await fetch(MANIFEST, { cache: "no-store", signal });
  if (answer.status === 404)
    throw new NeuralDocFlowError("internal", "This service has no extractor for browsers (make wasm).");
  if (!answer.ok) throw new NeuralDocFlowError("internal", `The service answered ${answer.status}.`);
  return answer.json();
}

/** One file, whole and as it should be. */
async function fetched(
  name: string,
  { files }: Manifest,
  tell: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Response> {
  const answer = await fetch(FOLDER + name, { cache: "no-store", signal });
  if (!answer.ok || !answer.body)
    throw new NeuralDocFlowError("internal", `The service answered ${answer.status}.`);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    tell(part.value.byteLength);
  }
  const content = new Blob(chunks, { type: answer.headers.get("Content-Type") ?? "" });
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await content.arrayBuffer()));
  const told = Array.from(hash, byte => byte.toString(16).padStart(2, "0")).join("");
  if (told !== files[name]?.sha256)
    throw new NeuralDocFlowError("internal", "A part came damaged, or the service was just updated.");
  return new Response(content);
}

/** Drop what older versions had. */
async function forget(cache: Cache, { files }: Manifest): Promise<void> {
  const kept = new Set([MANIFEST, PROFILES, ...Object.keys(files).map(name => FOLDER + name)]);
  for (const { url } of await cache.keys()) if (!kept.has(new URL(url).pathname)) await cache.delete(url);
}

function whyNot(error: Error): string {
  if (error.name === "QuotaExceededError") return "This device has no room left for it.";
  if (error instanceof NeuralDocFlowError) return `${error.message} Try again later.`;
  return "It could not be fetched: the connection broke. What came is kept; try again.";
}
