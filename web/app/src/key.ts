const KEY = "neuraldocflow-key";
const TENANT = "neuraldocflow-tenant";

/** The key from the address' fragment, which no server sees, else the one used before. */
export function storedKey(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keepKey(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? localStorage.getItem(KEY) ?? "";
}

/** Whose the stored key is, once the service has said so. */
export function storedTenant(): string {
  return localStorage.getItem(TENANT) ?? "";
}

export function keepKey(key: string): void {
  if (localStorage.getItem(KEY) !== key) localStorage.removeItem(TENANT);
  localStorage.setItem(KEY, key);
}

export function keepTenant(tenant: string): void {
  localStorage.setItem(TENANT, tenant);
}

export function forgetKey(): void {
  localStorage.removeItem(KEY);
  localStorage.removeItem(TENANT);
}
