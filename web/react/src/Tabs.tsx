import { useEffect } from "react";

/** One of several views: its name, what it is called, and how much is in it. */
export interface Tab {
  name: string;
  label: string;
  count?: number;
}

interface Props {
  /** Begins the ids of tabs; that of the panel is `${id}panel`. */
  id: string;
  label: string;
  tabs: Tab[];
  chosen: string;
  onChoose(name: string): void;
}

/** Tabs as the ARIA patterns have them: one stop for the Tab key, arrows, Home and End between them. */
export function Tabs({ id, label, tabs, chosen, onChoose }: Props) {
  const go = (key: string) => {
    const at = tabs.findIndex(({ name }) => name === chosen);
    const places: Record<string, number> = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 };
    const next = tabs.at((places[key] ?? at) % tabs.length);
    if (!next || !(key in places)) return false;
    onChoose(next.name);
    document.getElementById(id + next.name)?.focus();
    return true;
  };
  useEffect(() => {
    // Where they don't all fit they scroll: the chosen one is seen whole.
    document.getElementById(id + chosen)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [id, chosen]);
  return (
    <div role="tablist" aria-label={label}>
      {tabs.map(({ name, label, count }) => (
        <button
          type="button"
          role="tab"
          key={name}
          id={id + name}
          aria-selected={name === chosen}
          aria-controls={`${id}panel`}
          tabIndex={name === chosen ? 0 : -1}
          onClick={() => onChoose(name)}
          onKeyDown={event => {
            if (go(event.key)) event.preventDefault();
          }}
        >
          {label}
          {count !== undefined && <small>{count}</small>}
        </button>
      ))}
    </div>
  );
}
