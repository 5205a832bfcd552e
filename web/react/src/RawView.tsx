import type { NeuralDocFlowClient, OutputFormat, ProcessingResult } from "@neuraldocflow/client";
import { useEffect, useState } from "react";
import { Icon } from "./icons.tsx";

const FORMATS: OutputFormat[] = ["json", "yaml", "xml"];
const MOST_SHOWN = 200_000;

/** Have the browser save a text as a file. */
export function save(text: string, filename: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href: url, download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The whole result as text, to copy or download. */
export function RawView({
  client,
  jobId,
  filename,
  result,
}: {
  client: NeuralDocFlowClient;
  /** None where the service has no result yet: there is JSON then. */
  jobId: string | null;
  filename: string;
  result: ProcessingResult;
}) {
  const [format, setFormat] = useState<OutputFormat>("json");
  const [text, setText] = useState<string | null>(null);
  const [told, setTold] = useState("");

  useEffect(() => {
    let wanted = true;
    setText(null);
    setTold("");
    const text = jobId ? client.resultAs(jobId, format) : Promise.resolve(JSON.stringify(result));
    text.then(
      found => wanted && setText(format === "json" ? JSON.stringify(JSON.parse(found), null, 2) : found),
      (error: Error) => wanted && setTold(error.message),
    );
    return () => {
      wanted = false;
    };
  }, [client, jobId, result, format]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text ?? "");
      setTold("Copied.");
    } catch {
      setTold("The browser does not allow copying here: download it instead.");
    }
  };
  return (
    <div className="ndf-raw">
      <div className="ndf-raw-bar">
        <fieldset className="ndf-choice">
          <legend className="ndf-hidden">Format</legend>
          {(jobId ? FORMATS : (["json"] as const)).map(each => (
            <label key={each}>
              <input type="radio" name="format" checked={each === format} onChange={() => setFormat(each)} />
              {each.toUpperCase()}
            </label>
          ))}
        </fieldset>
        <span role="status">{told}</span>
        <button type="button" className="ndf-button" disabled={!text} onClick={() => void copy()}>
          <Icon name="copy" /> Copy
        </button>
        <button
          type="button"
          className="ndf-button"
          disabled={!text}
          onClick={() => save(text ?? "", `${filename}.${format}`, `application/${format}`)}
        >
          <Icon name="download" /> Download
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard */}
      <pre tabIndex={0}>
        {text === null ? "…" : text.slice(0, MOST_SHOWN)}
        {text && text.length > MOST_SHOWN ? "\n… download it to see all" : ""}
      </pre>
    </div>
  );
}
