import { createElement, StrictMode, useEffect } from "react";
import { renderToString } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { DocumentProcessor } from "../src/DocumentProcessor.tsx";
import { useCanDrop } from "../src/DropZone.tsx";
import { type DocumentProcessing, useDocumentProcessing } from "../src/useDocumentProcessing.ts";

/** Where nothing listens. */
const away = "http://127.0.0.1:1";
let processing: DocumentProcessing;
let isShown = "";

function Letters({ apiKey }: { apiKey: string }) {
  processing = useDocumentProcessing({ apiKey, url: away });
  useEffect(() => {
    isShown = apiKey; // after the effects of the hook
    return () => {
      isShown = "";
    };
  }, [apiKey]);
  return null;
}

/** As much of a page as React needs to draw nothing on it. */
function emptyPage(): Element {
  const nothing = () => {};
  const page = { nodeType: 9, activeElement: null, addEventListener: nothing, createElement: nothing };
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("document", page);
  vi.stubGlobal("HTMLIFrameElement", class {});
  return { nodeType: 1, tagName: "DIV", ownerDocument: page, addEventListener: nothing } as never;
}

async function shown() {
  const { createRoot } = await import("react-dom/client");
  const root = createRoot(emptyPage());
  const show = async (apiKey: string) => {
    root.render(createElement(StrictMode, null, createElement(Letters, { apiKey })));
    await vi.waitFor(() => expect(isShown).toBe(apiKey));
  };
  await show("a key");
  return { root, show };
}

/** What becomes of a document that can't be sent. */
function waiting(): () => string {
  let told = "waits";
  const file = new File(["<p>A letter"], "letter.html", { type: "text/html" });
  processing.processDocument(file, "auto").then(
    job => (told = job),
    error => (told = `${error.code}: ${error.message}`),
  );
  return () => told;
}

test("on a server it draws what there is before there is a connection", () => {
  renderToString(createElement(Letters, { apiKey: "a key" }));
  expect([processing.connection.state, processing.jobs]).toEqual(["connecting", []]);
});

test("on a server the component is drawn as every device takes it up first", () => {
  const drawn = () =>
    renderToString(createElement(DocumentProcessor, { apiKey: "a key" })).replaceAll(/_R_\w*/g, "");
  const onServer = drawn();
  vi.stubGlobal("matchMedia", () => ({ matches: true })); // of fingers
  expect(drawn()).toBe(onServer);
  vi.unstubAllGlobals();
});

test("where nothing says whether files can be dragged, as in tests with jsdom, they can", async () => {
  const { createRoot } = await import("react-dom/client");
  const root = createRoot(emptyPage());
  const canDrop: boolean[] = [];
  function Drops() {
    canDrop.push(useCanDrop());
    return null;
  }
  root.render(createElement(Drops));
  await vi.waitFor(() => expect(canDrop).toContain(true));
  root.unmount();
  vi.unstubAllGlobals();
});

test("what waits to be sent when the component goes is told so, and not before", async () => {
  const { root } = await shown();
  const told = waiting();
  await new Promise(done => setTimeout(done, 100));
  expect(told()).toBe("waits");
  root.unmount();
  await vi.waitFor(() =>
    expect(told()).toBe("disconnected: The page was left before the document was sent."),
  );
});

test("what waits when another key is given is told so; what is added then waits", async () => {
  const { root, show } = await shown();
  const before = waiting();
  await show("another key");
  await vi.waitFor(() => expect(before()).toContain("disconnected: Another key was given"));
  const now = waiting();
  await new Promise(done => setTimeout(done, 100));
  expect(now()).toBe("waits");
  root.unmount();
});

test("a page that keeps what waits only while it is open asks before it is left", async () => {
  const asked: ((leaving: { preventDefault(): void }) => void)[] = [];
  vi.stubGlobal("addEventListener", (_: string, ask: (typeof asked)[number]) => asked.push(ask));
  const { root } = await shown();
  const asks = () => {
    const preventDefault = vi.fn();
    asked.at(-1)?.({ preventDefault });
    return preventDefault.mock.calls.length > 0;
  };
  expect(asks()).toBe(false);
  waiting();
  await vi.waitFor(() => expect(asks()).toBe(true));
  root.unmount();
});
