import { ADDRESS, type LocalReader } from "@neuraldocflow/react";
import { NeuralDocFlowWorker } from "@neuraldocflow/wasm";
import { FOLDER, PROFILES } from "./kept.ts";
import type { OfflineFiles } from "./offline.ts";

/** The worker is let go after this time without a document: it holds some 200 MB. */
const IDLE_MS = 120_000;
const NAMES = /\.(pdf|docx|html?|xhtml)$/i;
const TYPES =
  /^(application\/(pdf|xhtml\+xml|vnd\.openxmlformats-officedocument\.wordprocessingml\.document)|text\/html)\b/i;

/** Reads documents with what was made available offline. */
export function localReader(files: OfflineFiles): LocalReader {
  let worker: NeuralDocFlowWorker | null = null;
  let loaded = "";
  let tell: (stage: string, progress: number) => void = () => {};
  let idle: ReturnType<typeof setTimeout> | undefined;
  let users = 0;
  let starting: Promise<NeuralDocFlowWorker> | null = null;

  function started(): Promise<NeuralDocFlowWorker> {
    starting ??= start().finally(() => {
      starting = null;
    });
    return starting;
  }

  async function start(): Promise<NeuralDocFlowWorker> {
    const kept = await fetch(PROFILES);
    const profiles = kept.ok ? await kept.text() : "[]"; // removed from this device: pages are drawn without
    if (worker && profiles === loaded) return worker;
    const made =
      worker ??
      new NeuralDocFlowWorker(FOLDER, { onProgress: ({ progress }) => tell("starting", progress * 0.5) });
    try {
      for (const form of JSON.parse(profiles) as object[]) await made.loadProfile(form);
    } catch (error) {
      if (!worker) made.close();
      throw error;
    }
    worker = made;
    loaded = profiles;
    return made;
  }

  async function whileUsed<Made>(work: () => Promise<Made>): Promise<Made> {
    clearTimeout(idle);
    users += 1;
    try {
      return await work();
    } finally {
      users -= 1;
      clearTimeout(idle);
      if (users === 0) idle = setTimeout(letGo, IDLE_MS);
    }
  }

  function letGo(): void {
    worker?.close();
    worker = null;
  }

  return {
    reads: ({ filename, type }) =>
      files.getSnapshot().state === "kept" && type !== ADDRESS && (NAMES.test(filename) || TYPES.test(type)),
    async read(file, { id, filename, profile, options }, onProgress, signal) {
      const { qualityThreshold } = options;
      tell = onProgress;
      try {
        return await whileUsed(async () =>
          (await started()).processDocument(file, profile, {
            signal,
            jobId: id,
            filename,
            options: qualityThreshold === undefined ? {} : { qualityThreshold },
            onProgress: ({ stage, progress }) => onProgress(stage, 0.5 + progress * 0.5),
          }),
        );
      } finally {
        if (tell === onProgress) tell = () => {}; // a worker that starts for a page is not at work on this document
      }
    },
    async page(file, page, signal) {
      return whileUsed(async () => (await started()).drawPage(file, page, signal));
    },
    onChange: files.subscribe,
  };
}
