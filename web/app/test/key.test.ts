import { afterEach, beforeEach, expect, test, vi } from "vitest";

const denied = () => {
  throw new DOMException("Access is denied for this document.", "SecurityError");
};
/** A browser that keeps texts. */
const keeping = () => {
  const all = new Map<string, string>();
  return {
    getItem: (name: string) => all.get(name) ?? null,
    setItem: (name: string, text: string) => void all.set(name, text),
    removeItem: (name: string) => void all.delete(name),
  };
};

beforeEach(() => {
  vi.resetModules();
  const dark = { matches: true, addEventListener() {} };
  vi.stubGlobal("matchMedia", () => dark);
  vi.stubGlobal("document", { documentElement: { dataset: {} } });
});
afterEach(() => vi.unstubAllGlobals());

test("a key is kept, and whose it is until there is another one", async () => {
  vi.stubGlobal("localStorage", keeping());
  const { forgetKey, keepKey, keepTenant, storedKey, storedTenant } = await import("../src/key.ts");
  keepKey("one");
  keepTenant("one", "acme");
  keepKey("one");
  expect([storedKey(), storedTenant()]).toEqual(["one", "acme"]);
  keepKey("two");
  expect([storedKey(), storedTenant()]).toEqual(["two", ""]);
  forgetKey("two");
  expect([storedKey(), storedTenant()]).toEqual(["", ""]);
});

test("a tab whose key is not valid any more, or has said whose it is, leaves the one that another tab has taken up", async () => {
  vi.stubGlobal("localStorage", keeping());
  const { forgetKey, keepKey, keepTenant, storedKey, storedTenant } = await import("../src/key.ts");
  keepKey("revoked");
  keepKey("new");
  keepTenant("new", "acme");
  keepTenant("revoked", "zeta");
  forgetKey("revoked");
  expect([storedKey(), storedTenant()]).toEqual(["new", "acme"]);
});

test("the address' key is taken out of it, and does not take the stored one's place by itself", async () => {
  vi.stubGlobal("localStorage", keeping());
  const location = { hash: "#token=of-a-link", pathname: "/", search: "?a=b" };
  vi.stubGlobal("location", location);
  vi.stubGlobal("history", {
    replaceState: (_: null, __: string, to: string) => {
      expect(to).toBe("/?a=b");
      location.hash = "";
    },
  });
  const { keepKey, keyOfAddress, storedKey } = await import("../src/key.ts");
  keepKey("mine");
  expect([keyOfAddress(), keyOfAddress(), storedKey()]).toEqual(["of-a-link", "", "mine"]);
});

test("where the browser keeps nothing the page goes on without, as long as it is open", async () => {
  for (const method of [denied, undefined]) {
    const nothing = { getItem: denied, setItem: denied, removeItem: denied };
    if (method) vi.stubGlobal("localStorage", nothing);
    else Object.defineProperty(globalThis, "localStorage", { get: denied, configurable: true });
    const { keepKey, storedKey } = await import("../src/key.ts");
    const { chooseTheme, theme } = await import("../src/theme.ts");
    expect([storedKey(), theme()]).toEqual(["", "dark"]);
    keepKey("one");
    chooseTheme("light");
    expect([storedKey(), theme()]).toEqual(["one", "light"]);
    vi.resetModules();
  }
});
