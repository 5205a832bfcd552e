import { DocumentWorkspace, useDocumentProcessing } from "@neuraldocflow/react";
import { useEffect, useLayoutEffect, useMemo, useState, useSyncExternalStore } from "react";
import { underLock, underReadingLock } from "./alone.ts";
import { Connection } from "./Connection.tsx";
import { Entrance } from "./Entrance.tsx";
import { KeyForm, type Left } from "./KeyForm.tsx";
import { forgetAnswers } from "./kept.ts";
import { forgetKey, keepKey, keepTenant, keyOfAddress, storedKey, storedTenant } from "./key.ts";
import { Logo } from "./Logo.tsx";
import { OfferedKey } from "./OfferedKey.tsx";
import { OfflineFiles } from "./offline.ts";
import { PageShelf } from "./page-shelf.ts";
import { localReader } from "./reader.ts";
import { markOf } from "./stores.ts";
import { tenantOf } from "./tenant.ts";
import { chooseTheme, onTheme, theme } from "./theme.ts";
import { useUpdate } from "./update.ts";

/** The page: asks for a key where there is none, else shows the documents. */
export function App() {
  const [key, setKey] = useState(storedKey);
  const [tenant, setTenant] = useState(storedTenant);
  const [offered, setOffered] = useState("");
  const [left, setLeft] = useState<Left>({ refused: false, waiting: 0 });
  const files = useMemo(() => new OfflineFiles(), []);
  const update = useUpdate();

  const enter = (given: string) => {
    keepKey(given);
    setLeft({ refused: false, waiting: 0 });
    setKey(given);
    setTenant(storedTenant());
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: enter is the same each time
  useLayoutEffect(() => {
    const fromAddress = () => {
      const given = keyOfAddress();
      const before = storedKey();
      if (given && before && given !== before) setOffered(given);
      else if (given) enter(given);
    };
    fromAddress();
    window.addEventListener("hashchange", fromAddress);
    return () => window.removeEventListener("hashchange", fromAddress);
  }, []);

  const known = (told: string) => {
    keepTenant(key, told);
    setTenant(told);
  };
  const leave = (why: Left) => {
    void markOf(key).then(forgetAnswers);
    forgetKey(key);
    setLeft(why);
    setKey("");
  };
  const answer = (use: boolean) => {
    if (use) {
      leave({ refused: false, waiting: 0 });
      enter(offered);
    }
    setOffered("");
  };
  if (offered) return <OfferedKey tenant={tenant} onAnswer={answer} />;
  return (
    <>
      {!key && <KeyForm left={left} onKey={enter} />}
      {key && !tenant && <Entrance key={key} apiKey={key} onTenant={known} onLeave={leave} />}
      {key && tenant && (
        <Work
          key={`${tenant} ${key}`}
          apiKey={key}
          tenant={tenant}
          files={files}
          onTenant={known}
          onLeave={leave}
        />
      )}
      {update && (
        <div className="app-update" role="status">
          A new version of this page is ready.
          <button type="button" className="app-primary" onClick={update}>
            Use it
          </button>
        </div>
      )}
    </>
  );
}

const LEAVING =
  "Use another key? This one is forgotten on this device, with what was kept to be read without a connection.";

interface WorkProps {
  apiKey: string;
  /** Whose the key is. */
  tenant: string;
  files: OfflineFiles;
  onTenant(tenant: string): void;
  onLeave(why: Left): void;
}

function Work({ apiKey, tenant, files, onTenant, onLeave }: WorkProps) {
  const shelf = useMemo(() => new PageShelf(tenant, apiKey), [tenant, apiKey]);
  const reader = useMemo(() => localReader(files), [files]);
  const processing = useDocumentProcessing({
    ...{ apiKey, shelf, reader, lock: underLock, readingLock: underReadingLock },
    follow: "all",
  });
  const { connection, client, outbox } = processing;
  const { submissions } = useSyncExternalStore(outbox.subscribe, outbox.getSnapshot);

  const waiting = submissions.filter(each => each.state !== "sent").length;
  const refused = ["unauthorized", "forbidden"].includes(connection.error?.code ?? "");
  useEffect(() => {
    if (refused) onLeave({ refused: true, waiting });
  }, [refused, waiting, onLeave]);

  const told = connection.key?.tenant ?? tenant;
  useEffect(() => {
    if (told !== tenant) onTenant(told);
  }, [told, tenant, onTenant]);

  useEffect(() => {
    const back = () => {
      if (document.visibilityState === "hidden") return;
      client.hurry();
      void outbox.flush();
    };
    window.addEventListener("online", back);
    document.addEventListener("visibilitychange", back);
    return () => {
      window.removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [client, outbox]);

  const connected = connection.state === "connected";
  useEffect(() => {
    if (connected) void files.refresh(client);
  }, [connected, files, client]);
  useEffect(() => {
    if (!connected) return;
    const asked = new Set<string>(); // each key once a connection
    const ask = async (key: string) => {
      if (asked.has(key)) return null;
      asked.add(key);
      return tenantOf(key);
    };
    const adopt = () => void shelf.adopt(ask);
    adopt();
    return shelf.onChange(adopt);
  }, [connected, shelf]);

  return (
    <div className="app">
      <header className="app-head">
        <Logo />
        <div className="app-head-tools">
          <Connection {...{ connection, client, files, tenant, outbox, submissions }} />
          <ThemeButton />
          <button
            type="button"
            className="app-tool"
            onClick={() => confirm(LEAVING) && onLeave({ refused: false, waiting })}
            title="Use another key"
          >
            <svg viewBox="0 0 24 24" className="ndf-icon" aria-hidden="true">
              <path d="M11.500 12.500 20 4m-4 4 3 3M12.500 16a4.500 4.500 0 1 1-9 0 4.500 4.500 0 0 1 9 0Z" />
            </svg>
            <span className="ndf-hidden">Use another key</span>
          </button>
        </div>
      </header>
      <main>
        <DocumentWorkspace processing={processing} />
      </main>
    </div>
  );
}

function ThemeButton() {
  const shown = useSyncExternalStore(onTheme, theme);
  const other = shown === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className="app-tool"
      onClick={() => chooseTheme(other)}
      title={`Use ${other} colours`}
    >
      <svg viewBox="0 0 24 24" className="ndf-icon" aria-hidden="true">
        {shown === "dark" ? (
          <path d="M12 4V2.500m0 19V20m8-8h1.500m-19 0H4m13.700-5.700 1-1M5.300 18.700l1-1m11.400 0 1 1M5.300 5.300l1 1M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z" />
        ) : (
          <path d="M20 14.300A8.300 8.300 0 0 1 9.700 4a8.300 8.300 0 1 0 10.300 10.300Z" />
        )}
      </svg>
      <span className="ndf-hidden">Use {other} colours</span>
    </button>
  );
}
