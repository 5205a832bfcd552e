import type { NeuralDocFlowClient, OutputFormat, ProcessingResult } from "@neuraldocflow/client";
import { useEffect, useState } from "react";
import { type FieldRow, fieldsAsCsv } from "./fields.ts";
import { Icon } from "./icons.tsx";
import { render } from "./render.ts";

type Format = OutputFormat | "csv";
const FORMATS: [Format, string, string][] = [
  ["json", "JSON", "application/json"],
  ["yaml", "YAML", "application/yaml"],
  ["xml", "XML", "application/xml"],
  ["csv", "CSV of fields", "text/csv"],
];
const MOST_SHOWN = 200_000;

/** Have the browser save something as a file. */
function save(content: Blob, filename: string): void {
  const url = URL.createObjectURL(content);
  const link = Object.assign(document.createElement("a"), { href: url, download: filename });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

interface Props {
  client: NeuralDocFlowClient;
  /** None where the service has no result yet. */
  jobId: string | null;
  filename: string;
  result: ProcessingResult;
  rows: FieldRow[];
  /** The service has the PDF itself, so that it can draw on it. */
  hasAnnotated: boolean;
}

/** The whole result as text, to copy or download; the document with what was found boxed. */
export function Export({ client, jobId, filename, result, rows, hasAnnotated }: Props) {
  const [format, setFormat] = useState<Format>("json");
  const [text, setText] = useState<string | null>(null);
  const [told, setTold] = useState("");

  useEffect(() => {
    let wanted = true;
    setText(null);
    setTold("");
    textOf(client, jobId, format, result, rows).then(
      found => wanted && setText(found),
      (error: Error) => wanted && setTold(error.message),
    );
    return () => {
      wanted = false;
    };
  }, [client, jobId, format, result, rows]);

  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text ?? "");
      setTold("Copied.");
    } catch {
      setTold("The browser does not allow copying here: download it instead.");
    }
  };
  const annotated = async (job: string) => {
    setTold("The PDF is being drawn…");
    try {
      save(await client.annotated(job), `${filename.replace(/\.pdf$/i, "")}.annotated.pdf`);
      setTold("");
    } catch (error) {
      setTold((error as Error).message);
    }
  };
  const type = FORMATS.find(([name]) => name === format)?.[2] ?? "";
  return (
    <div className="ndf-raw">
      <div className="ndf-raw-bar">
        <fieldset className="ndf-choice">
          <legend className="ndf-hidden">Format</legend>
          {FORMATS.map(([name, label]) => (
            <label key={name}>
              <input type="radio" name="format" checked={name === format} onChange={() => setFormat(name)} />
              {label}
            </label>
          ))}
        </fieldset>
        <span role="status">{told}</span>
        <div className="ndf-raw-do">
          <button type="button" className="ndf-button" disabled={!text} onClick={() => void copy()}>
            <Icon name="copy" /> Copy
          </button>
          <button
            type="button"
            className="ndf-button"
            disabled={!text}
            onClick={() => save(new Blob([text ?? ""], { type }), `${filename}.${format}`)}
          >
            <Icon name="download" /> Download
          </button>
          {jobId && hasAnnotated && (
            <button type="button" className="ndf-button" onClick={() => void annotated(jobId)}>
              <Icon name="page" /> PDF with boxes
            </button>
          )}
        </div>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard */}
      <pre tabIndex={0}>
        {text === null ? "…" : text.slice(0, MOST_SHOWN)}
        {text && text.length > MOST_SHOWN ? "\n… download it to see all" : ""}
      </pre>
    </div>
  );
}

/** The result in a format, as the service writes it; written here where it is not there, or can't be reached. */
async function textOf(
  client: NeuralDocFlowClient,
  jobId: string | null,
  format: Format,
  result: ProcessingResult,
  rows: FieldRow[],
): Promise<string> {
  if (format === "csv") return fieldsAsCsv(rows);
  const here = () => render(result, format);
  return jobId ? client.resultAs(jobId, format).catch(here) : here();
}
