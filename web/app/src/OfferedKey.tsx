import { Logo } from "./Logo.tsx";

/** Asks before a key that a link brings takes the place of the one in use: the link may be another's. */
export function OfferedKey({ tenant, onAnswer }: { tenant: string; onAnswer(use: boolean): void }) {
  return (
    <main className="app-key">
      <form
        onSubmit={event => {
          event.preventDefault();
          onAnswer(false);
        }}
      >
        <Logo />
        <p role="alert">
          <strong>This link brings another key.</strong> With it your documents go to the organisation it is
          of
          {tenant ? `, and no longer to ${tenant}` : ""}.
        </p>
        <button type="submit" className="app-primary">
          Keep my key
        </button>
        <button type="button" className="ndf-link" onClick={() => onAnswer(true)}>
          Use the link's key
        </button>
      </form>
    </main>
  );
}
