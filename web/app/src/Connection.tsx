import type { ConnectionStatus, NeuralDocFlowClient } from "@neuraldocflow/client";
import { Icon, type Outbox, type Submission, size, when } from "@neuraldocflow/react";
import { useEffect, useRef, useState } from "react";

import { OfflineChoice } from "./OfflineChoice.tsx";
import type { OfflineFiles } from "./offline.ts";

interface Props {
  connection: ConnectionStatus;
  client: NeuralDocFlowClient;
  files: OfflineFiles;
  /** Whose the key is. */
  tenant: string;
  outbox: Outbox;
  submissions: readonly Submission[];
}

const SHOWN = 100;
const KEPT = "they are kept on this device and sent when it is back, each once.";
const OPEN = "they are sent when it is back, each once, if this page is open then.";
/** What keys are of where nobody has named an organisation: it tells nothing. */
const ONLY = "default";

/** Whether the service is there, what waits for it, and a screen that shows what is where. */
export function Connection({ connection, client, files, tenant, outbox, submissions }: Props) {
  const [open, setOpen] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  const waiting = submissions.filter(each => each.state === "waiting").length;
  const failed = submissions.filter(each => each.state === "failed").length;
  const connected = connection.state === "connected";
  const label = connected ? "Connected" : connection.state === "connecting" ? "Connecting" : "Offline";
  const rest = [waiting > 0 ? `${waiting} waiting` : "", failed > 0 ? `${failed} not sent` : ""].filter(
    Boolean,
  );
  return (
    <>
      <button
        type="button"
        className="app-status"
        data-state={connection.state}
        data-failed={failed > 0 || undefined}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <span className="app-dot" aria-hidden="true" />
        {/* not role=status: that would not count as the name of the button */}
        <span aria-live="polite" aria-atomic="true">
          {[label, ...rest].join(" · ")}
        </span>
      </button>
      <dialog ref={dialog} className="app-dialog" aria-labelledby="places" onClose={() => setOpen(false)}>
        <div className="app-dialog-head">
          <h2 id="places">What is where</h2>
          <button type="button" className="ndf-quiet" onClick={() => setOpen(false)}>
            <Icon name="cross" />
            <span className="ndf-hidden">Close</span>
          </button>
        </div>
        {open && <Places {...{ connected, client, files, tenant, outbox, submissions }} />}
      </dialog>
    </>
  );
}

/** What the dialog says; made only while it is open. */
function Places({
  connected,
  client,
  files,
  tenant,
  outbox,
  submissions,
}: Omit<Props, "connection"> & { connected: boolean }) {
  const waiting = submissions.filter(each => each.state === "waiting");
  const failed = submissions.filter(each => each.state === "failed");
  const sent = submissions.filter(each => each.state === "sent").reverse();
  return (
    <>
      <p>
        {connected
          ? "The service is there: documents are sent as you add them."
          : `The service can't be reached now. Go on adding documents: ${outbox.getSnapshot().lasts ? KEPT : OPEN}`}
      </p>
      {tenant !== ONLY && (
        <p>
          Your key is of the organisation <strong>{tenant}</strong>.
        </p>
      )}
      <OfflineChoice files={files} client={client} isConnected={connected} />
      <Group name="Waiting on this device" submissions={waiting} outbox={outbox} />
      <Group name="Not sent" submissions={failed} outbox={outbox} />
      <Group name="Sent from this device" submissions={sent.slice(0, SHOWN)} outbox={outbox} />
      {submissions.length === 0 && <p className="app-soft">Nothing has been sent from this device yet.</p>}
    </>
  );
}

function Group({ name, submissions, outbox }: { name: string; submissions: Submission[]; outbox: Outbox }) {
  if (submissions.length === 0) return null;
  return (
    <section>
      <h3>
        {name} <small>{submissions.length}</small>
      </h3>
      <ul>
        {submissions.map(each => (
          <li key={each.id}>
            <span className="app-name" dir="auto">
              {each.filename}
            </span>
            <span className="app-soft">
              {size(each.size)} · {when(each.createdAt)}
              {each.state === "waiting" &&
                each.nextTryAt > Date.now() &&
                ` · next try ${when(each.nextTryAt)}`}
              {each.read &&
                (each.state === "sent" ? " · read on this device, synced" : " · read on this device")}
            </span>
            {each.error && each.state !== "sent" && <span className="app-error">{each.error.message}</span>}
            {each.state !== "sent" && (
              <span className="app-actions">
                {each.state === "failed" && (
                  <button type="button" className="ndf-link" onClick={() => void outbox.retry(each.id)}>
                    Try again
                  </button>
                )}
                <button type="button" className="ndf-link" onClick={() => void outbox.remove(each.id)}>
                  Remove
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
