import type { OutputFormat } from "@neuraldocflow/client";

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;
const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

/** A result as text, with the same content and form as the service gives it; for results it does not have yet. */
export async function render(result: object, format: OutputFormat): Promise<string> {
  if (format === "json") return JSON.stringify(result, null, 2);
  if (format === "xml")
    return `<?xml version='1.0' encoding='utf-8'?>\n${element("result", "", result, "")}\n`;
  const { dump } = await import("js-yaml");
  return dump(result, { lineWidth: 80, noRefs: true });
}

/** Objects become elements, lists `item` elements, null an empty element with `null="true"`. */
function element(name: string, about: string, value: unknown, indent: string): string {
  const open = `${indent}<${name}${about}`;
  if (value === null || value === undefined) return `${open} null="true" />`;
  if (typeof value !== "object") {
    const text = String(value).replace(FORBIDDEN, "\ufffd");
    return text ? `${open}>${escaped(text, /[&<>\r]/g)}</${name}>` : `${open} />`;
  }
  const entries = Array.isArray(value) ? value.map(each => ["item", each] as const) : Object.entries(value);
  const inner = entries.map(([key, each]) => {
    if (NAME.test(key)) return element(key, "", each, `${indent}  `);
    const told = escaped(key.replace(FORBIDDEN, "\ufffd"), /[&<>"\t\n\r]/g);
    return element("entry", ` name="${told}"`, each, `${indent}  `);
  });
  return inner.length ? `${open}>\n${inner.join("\n")}\n${indent}</${name}>` : `${open} />`;
}

function escaped(text: string, characters: RegExp): string {
  return text.replace(characters, each => ENTITIES[each] ?? each);
}
