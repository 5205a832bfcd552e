import { type FormEvent, useState } from "react";
import { Logo } from "./Logo.tsx";

/** Asks for a key, and says where one is had. */
export function KeyForm({ refused, onKey }: { refused: boolean; onKey(key: string): void }) {
  const [key, setKey] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (key.trim()) onKey(key.trim());
  };
  return (
    <main className="app-key">
      <form onSubmit={submit}>
        <Logo />
        {refused ? (
          <p role="alert">
            <strong>This key is not valid any more.</strong> Enter another one; documents that were not sent
            are kept on this device and go out with it.
          </p>
        ) : (
          <p>Enter the key you were given, to send documents and see their results.</p>
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
          On your own machine, open the address that <code>neuraldocflow up</code> prints. Otherwise{" "}
          <code>neuraldocflow keys create</code> makes one.
        </small>
      </form>
    </main>
  );
}
