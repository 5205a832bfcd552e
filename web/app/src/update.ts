import { useEffect, useState } from "react";
import { Workbox } from "workbox-window";

const LOOK_MS = 60 * 60_000;

/** Registers the service worker. Gives a function that takes up a new version of the page, once there is one. */
export function useUpdate(): (() => void) | null {
  const [update, setUpdate] = useState<(() => void) | null>(null);
  useEffect(() => {
    if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
    const workbox = new Workbox("/worker.js");
    const takeUp = () => {
      isFirst = false; // a page that was reloaded past its worker has none that is replaced
      workbox.messageSkipWaiting();
    };
    workbox.addEventListener("waiting", () => setUpdate(() => takeUp));
    // Also where another tab has taken it up: two versions would share one database.
    let isFirst = !navigator.serviceWorker.controller;
    const changed = () => {
      if (!isFirst) location.reload();
      isFirst = false;
    };
    navigator.serviceWorker.addEventListener("controllerchange", changed);
    void workbox.register().catch(() => {}); // without it the page works, but not offline
    const timer = setInterval(() => void workbox.update().catch(() => {}), LOOK_MS);
    return () => {
      clearInterval(timer);
      navigator.serviceWorker.removeEventListener("controllerchange", changed);
    };
  }, []);
  return update;
}
