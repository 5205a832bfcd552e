/** Texts that the browser keeps for the page. Where that is denied they last until the page is left. */
const here = new Map<string, string>();

export function stored(name: string): string {
  try {
    return localStorage.getItem(name) ?? "";
  } catch {
    return here.get(name) ?? "";
  }
}

/** Keep a text; an empty one is forgotten. */
export function store(name: string, text: string): void {
  here.set(name, text);
  try {
    if (text) localStorage.setItem(name, text);
    else localStorage.removeItem(name);
  } catch {
    // it is here
  }
}
