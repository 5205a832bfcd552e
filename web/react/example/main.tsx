/// <reference types="vite/client" />
/** A page of another site with both: the hook under an interface of its own, and the whole component. Its address
 * ends with `#url=…&key=…`, the service's address and a key, which may change; the service lists the site in
 * `cors_origins`. */
import type { NeuralDocFlowError } from "@neuraldocflow/client";
import { DocumentProcessor, useDocumentProcessing } from "@neuraldocflow/react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import "@neuraldocflow/react/style.css";

interface Service {
  url: string;
  apiKey: string;
}

function given(): Service {
  const told = new URLSearchParams(location.hash.slice(1));
  return { url: told.get("url") ?? "", apiKey: told.get("key") ?? "" };
}

function Letters({ url, apiKey }: Service) {
  const [lines, setLines] = useState<string[]>([]);
  const say = (line: string) => setLines(before => [...before, line]);
  const { processDocument, jobs, isConnected } = useDocumentProcessing({
    url,
    apiKey,
    onProgress: ({ stage }) => say(`progress: ${stage}`),
    onComplete: ({ jobId, status }) => say(`${jobId} ${status}`),
    onError: error => say(`error: ${error.message}`),
  });
  const send = (file: File, profile: string) =>
    processDocument(file, profile, { priority: "high" }).then(
      job => say(`${job} sent`),
      ({ code, message }: NeuralDocFlowError) => say(`refused: ${code}: ${message}`),
    );
  return (
    <section aria-label="Letters">
      <p>{isConnected ? "Ready" : "Not connected"}</p>
      {["generic", "unheard-of"].map(profile => (
        <label key={profile}>
          Letter to {profile}
          <input
            type="file"
            onChange={({ target }) => target.files?.[0] && void send(target.files[0], profile)}
          />
        </label>
      ))}
      <ul>
        {jobs.map(({ key, filename, status }) => (
          <li key={key}>
            {filename}: {status}
          </li>
        ))}
      </ul>
      <pre>{lines.join("\n")}</pre>
    </section>
  );
}

function Page() {
  const [service, setService] = useState(given);
  useEffect(() => {
    const take = () => setService(given());
    window.addEventListener("hashchange", take);
    return () => window.removeEventListener("hashchange", take);
  }, []);
  return (
    <main>
      <h1>Documents on a page of your own</h1>
      <Letters {...service} />
      <section aria-label="Everything" style={{ height: "40rem" }}>
        <DocumentProcessor {...service} follow="own" />
      </section>
    </main>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(<Page />);
