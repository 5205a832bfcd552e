const NAME = "neuraldocflow-key";

/** The key from the address' fragment, which no server sees, else the one used before. */
export function storedKey(): string {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keepKey(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return given ?? localStorage.getItem(NAME) ?? "";
}

export function keepKey(key: string): void {
  localStorage.setItem(NAME, key);
}

export function forgetKey(): void {
  localStorage.removeItem(NAME);
}
