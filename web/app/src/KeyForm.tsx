import { type FormEvent, useState } from "react";
import { Logo } from "./Logo.tsx";

/** How the key before was left. */
export interface Left {
  /** The service does not know it any more. */
  refused: boolean;
  /** How many of its documents have not been sent. */
  waiting: number;
}

/** Asks for a key, and says where one is had. */
export function KeyForm({ left, onKey }: { left: Left; onKey(key: string): void }) {
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim()) onKey(key.trim());
  };
  return (
    <main className="app-key">
      <form onSubmit={submit}>
        <Logo />
        {left.refused ? (
          <p role="alert">
            <strong>This key is not valid.</strong> Enter another one.
          </p>
        ) : (
          <p>Enter the key you were given, to send documents and see their results.</p>
        )}
        {left.waiting > 0 && (
          <p className="app-left">
            {left.waiting === 1 ? "One document has" : `${left.waiting} documents have`} not been sent. They
            stay on this device, and go out when a key of the same organisation is used.
          </p>
        )}
        <label htmlFor="key">Key</label>
        <input
          id="key"
          type="password"
          autoComplete="current-password"
          placeholder="ndf_…"
          value={key}
          onChange={event => setKey(event.target.value)}
        />
        <button type="submit" className="app-primary" disabled={!key.trim()}>
          Continue
        </button>
        <small>
          On your own machine, open the address that <code>make run</code> or <code>neuraldocflow up</code>{" "}
          prints. Otherwise <code>neuraldocflow keys create</code> makes one.
        </small>
      </form>
    </main>
  );
}
