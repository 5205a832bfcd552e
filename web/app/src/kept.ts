/** Where what reads documents without a connection is kept: a cache of its own, which no update of the page empties. */
export const KEPT = "neuraldocflow-wasm";
export const FOLDER = "/wasm/";
export const MANIFEST = `${FOLDER}manifest.json`;
/** The profiles' forms, as the service had them when they were kept. */
export const PROFILES = `${FOLDER}profiles.json`;

const ANSWERS = "neuraldocflow-answers-";

/** The name of the cache with what the service has answered to a key, for the time without a connection. */
export function answersTo(mark: string): string {
  return ANSWERS + mark;
}

/** Forget what the service has answered: to all keys, or to the one with a mark. */
export async function forgetAnswers(mark = ""): Promise<void> {
  if (!("caches" in globalThis)) return;
  const all = await caches.keys().catch(() => []); // denied: there are none
  const names = all.filter(each => each.startsWith(answersTo(mark)));
  await Promise.all(names.map(each => caches.delete(each)));
}
