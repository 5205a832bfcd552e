/** Where what reads documents without a connection is kept: a cache of its own, which no update of the page empties. */
export const KEPT = "neuraldocflow-wasm";
export const FOLDER = "/wasm/";
export const MANIFEST = `${FOLDER}manifest.json`;
/** The profiles' forms, as the service had them when they were kept. */
export const PROFILES = `${FOLDER}profiles.json`;
