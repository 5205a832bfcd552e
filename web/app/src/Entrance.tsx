import { type ConnectionStatus, NeuralDocFlowClient } from "@neuraldocflow/client";
import { useEffect, useState } from "react";
import type { Left } from "./KeyForm.tsx";
import { Logo } from "./Logo.tsx";

interface Props {
  apiKey: string;
  onTenant(tenant: string): void;
  onLeave(why: Left): void;
}

/** Asks the service whose a new key is, before anything is shown or sent under it. */
export function Entrance({ apiKey, onTenant, onLeave }: Props) {
  const [status, setStatus] = useState<ConnectionStatus>({ state: "connecting" });
  // biome-ignore lint/correctness/useExhaustiveDependencies: one connection for one key
  useEffect(() => {
    const client = new NeuralDocFlowClient();
    client.onConnectionStatus(told => {
      setStatus(told);
      if (told.key) onTenant(told.key.tenant);
      else if (["unauthorized", "forbidden"].includes(told.error?.code ?? ""))
        onLeave({ refused: true, waiting: 0 });
    });
    client.connect(apiKey, { keepTrying: true }).catch(() => {}); // told as its status
    return () => client.disconnect();
  }, [apiKey]);
  return (
    <main className="app-key">
      <div className="app-entrance">
        <Logo />
        <p role="status">
          {status.state === "reconnecting"
            ? "The service can't be reached. Your key is looked at as soon as it can."
            : "Connecting…"}
        </p>
        {status.state === "reconnecting" && (
          <button type="button" className="ndf-link" onClick={() => onLeave({ refused: false, waiting: 0 })}>
            Use another key
          </button>
        )}
      </div>
    </main>
  );
}
