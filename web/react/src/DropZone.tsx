import type { Priority, ProfileSummary } from "@neuraldocflow/client";
import { type DragEvent, useEffect, useId, useRef, useState, useSyncExternalStore } from "react";
import { documentType } from "./format.ts";
import { Icon } from "./icons.tsx";
import type { Wishes } from "./submissions.ts";

interface Props {
  profiles: readonly ProfileSummary[];
  /** Why nothing can be added, where nothing can. */
  refusal: string;
  onFiles(files: File[], wishes: Wishes): void;
}

const ACCEPT = ".pdf,.docx,.html,.htm,.xhtml,application/pdf,text/html";
const PRIORITIES: [Priority, string][] = [
  ["urgent", "Urgent"],
  ["high", "High"],
  ["normal", "Normal"],
  ["low", "Low"],
];

/** Whether files can be dragged here: not where fingers do all. What a server has drawn does not know that. */
export function useCanDrop(): boolean {
  return useSyncExternalStore(
    () => () => {},
    () => !globalThis.matchMedia?.("(hover: none)").matches,
    () => true,
  );
}

/** Takes files: dropped anywhere on the page, chosen, or pasted. */
export function DropZone({ profiles, refusal, onFiles }: Props) {
  const [wishes, setWishes] = useState<Wishes>({ profile: "auto", options: { priority: "normal" } });
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const id = useId();
  const canDrop = useCanDrop();

  const take = (list: FileList | null | undefined) => {
    const files = Array.from(list ?? []);
    if (files.length > 0 && !refusal) onFiles(files, wishes);
  };
  const latest = useRef(take);
  latest.current = take;

  useEffect(() => {
    let depth = 0;
    const carriesFiles = (event: globalThis.DragEvent) => event.dataTransfer?.types.includes("Files");
    const enter = (event: globalThis.DragEvent) => {
      if (carriesFiles(event) && ++depth === 1) setOver(true);
    };
    const leave = (event: globalThis.DragEvent) => {
      if (carriesFiles(event) && --depth <= 0) end();
    };
    const end = () => {
      depth = 0;
      setOver(false);
    };
    const drag = (event: globalThis.DragEvent) => {
      if (carriesFiles(event)) event.preventDefault();
    };
    const drop = (event: globalThis.DragEvent) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      end();
      latest.current(event.dataTransfer?.files);
    };
    const paste = (event: ClipboardEvent) => latest.current(event.clipboardData?.files);
    const heard = new AbortController();
    const { signal } = heard;
    document.addEventListener("dragenter", enter, { signal });
    document.addEventListener("dragleave", leave, { signal });
    document.addEventListener("dragover", drag, { signal });
    document.addEventListener("drop", drop, { signal });
    document.addEventListener("paste", paste, { signal });
    return () => heard.abort();
  }, []);

  if (refusal) return <p className="ndf-none">{refusal}</p>;
  const swallow = (event: DragEvent) => event.preventDefault();
  return (
    <section
      className="ndf-drop"
      data-over={over || undefined}
      aria-label="Add documents"
      onDragOver={swallow}
    >
      <button type="button" className="ndf-drop-target" onClick={() => input.current?.click()}>
        <span className="ndf-drop-icon">
          <Icon name="upload" />
        </span>
        <span>
          <strong>{over ? "Let go to add them" : canDrop ? "Drop documents here" : "Add documents"}</strong>
          <small>
            {canDrop && "or "}
            <u>choose files</u>: PDF, Word or HTML
          </small>
        </span>
      </button>
      <input
        ref={input}
        className="ndf-hidden"
        type="file"
        multiple
        accept={ACCEPT}
        tabIndex={-1}
        aria-label="Documents to add"
        onChange={event => {
          take(event.target.files);
          event.target.value = "";
        }}
      />
      <div className="ndf-wishes">
        <label htmlFor={`${id}profile`}>
          Kind
          <select
            id={`${id}profile`}
            value={wishes.profile}
            onChange={event => setWishes({ ...wishes, profile: event.target.value })}
          >
            <option value="auto">Automatic</option>
            {profiles.map(({ name, title }) => (
              <option key={name} value={name}>
                {title || documentType(name)}
              </option>
            ))}
          </select>
        </label>
        <label htmlFor={`${id}priority`}>
          Priority
          <select
            id={`${id}priority`}
            value={wishes.options.priority}
            onChange={event =>
              setWishes({ ...wishes, options: { priority: event.target.value as Priority } })
            }
          >
            {PRIORITIES.map(([name, label]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
      </div>
    </section>
  );
}
