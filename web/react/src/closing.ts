declare const CloseWatcher: (new () => { onclose: (() => void) | null; destroy(): void }) | undefined;

/**
 * Calls `close` when a person asks to close what is shown, as with a phone's Back; what it returns ends that.
 * In browsers that tell of it only: elsewhere Back leaves the page.
 */
export function onCloseRequest(close: () => void): () => void {
  if (typeof CloseWatcher === "undefined") return () => {};
  const watcher = new CloseWatcher();
  watcher.onclose = close;
  return () => watcher.destroy();
}
