import type { NeuralDocFlowClient } from "@neuraldocflow/client";
import { size } from "@neuraldocflow/react";
import { useSyncExternalStore } from "react";
import type { OfflineFiles } from "./offline.ts";

interface Props {
  files: OfflineFiles;
  client: NeuralDocFlowClient;
  isConnected: boolean;
}

/** Whether documents are read on this device while there is no connection. */
export function OfflineChoice({ files, client, isConnected }: Props) {
  const { state, done, total, problem } = useSyncExternalStore(files.subscribe, files.getSnapshot);
  if (state === "unknown") return null;
  return (
    <section className="app-offline">
      <h3>Reading without a connection</h3>
      {state === "impossible" && (
        <p className="app-soft">This browser, or this address, does not allow it (it takes HTTPS).</p>
      )}
      {state === "absent" && (
        <>
          <p className="app-soft">
            PDF, Word and HTML documents can be read on this device when the service can't be reached.
            {!isConnected && " It can be fetched when there is a connection."}
          </p>
          <button
            type="button"
            className="ndf-link"
            disabled={!isConnected}
            onClick={() => void files.keep(client)}
          >
            Make available offline (about 33 MB)
          </button>
        </>
      )}
      {state === "fetching" && (
        <>
          <progress max={Math.max(total, 1)} value={done} aria-label="Making available offline" />
          <p className="app-soft">
            {size(done)} of {size(total)}{" "}
            <button type="button" className="ndf-link" onClick={() => files.stop()}>
              Stop
            </button>
          </p>
        </>
      )}
      {state === "kept" && (
        <p className="app-soft">
          Available: documents are read on this device while there is no connection.{" "}
          <button type="button" className="ndf-link" onClick={() => void files.remove()}>
            Remove from this device
          </button>
        </p>
      )}
      {problem && (
        <p className="app-error" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
