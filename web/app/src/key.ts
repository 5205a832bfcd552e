import { store, stored } from "./stored.ts";

const KEY = "neuraldocflow-key";
const TENANT = "neuraldocflow-tenant";

/** The key in the address' fragment, which no server sees; it is taken out of there. */
export function keyOfAddress(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
  if (given) history.replaceState(null, "", location.pathname + location.search);
  return given;
}

/** The key used before. */
export function storedKey(): string {
  return stored(KEY);
}

/** Whose the stored key is, once the service has said so. */
export function storedTenant(): string {
  return stored(TENANT);
}

export function keepKey(key: string): void {
  if (stored(KEY) !== key) store(TENANT, "");
  store(KEY, key);
}

/** Keep whose a key is; not where another tab has taken up another key meanwhile. */
export function keepTenant(key: string, tenant: string): void {
  if (stored(KEY) === key) store(TENANT, tenant);
}

/** Forget a key; one that another tab has taken up meanwhile stays. */
export function forgetKey(key: string): void {
  if (stored(KEY) !== key) return;
  store(KEY, "");
  store(TENANT, "");
}
