/** Words and numbers for people. */

// Making a formatter takes a millisecond, using one a thousandth of that: a list of hundreds needs many.
const WHOLE = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
/** A value is what the document says: all of its digits. */
const ALL_DIGITS = { maximumFractionDigits: 20 };
const NUMBER = new Intl.NumberFormat(undefined, ALL_DIGITS);
const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

export function title(name: string): string {
  const words = name
    .replaceAll("_", " ")
    .replace(/([a-z])(\d)/g, "$1 $2")
    .trim();
  const shown = words.replace(/\b(cik|irs|eps|zip|id|ids|url|ip|rofr|rofo|rofn)\b/gi, each =>
    each.toUpperCase(),
  );
  return shown.charAt(0).toUpperCase() + shown.slice(1);
}

const PROFILES: Record<string, string> = {
  sec_10k: "10-K filing",
  contract_analysis: "Contract",
  medical_record: "Medical record",
  generic: "Document",
  auto: "Recognised automatically",
};

export function documentType(name: string | null): string {
  return name ? (PROFILES[name] ?? title(name)) : "";
}

const STAGES: Record<string, string> = {
  waiting: "Waiting to be sent",
  uploading: "Uploading",
  queued: "In the queue",
  fetching: "Fetching the document",
  starting: "Starting the reader",
  opening: "Opening the document",
  reading: "Reading pages",
  tables: "Reading tables",
  fields: "Finding fields",
  validating: "Checking values",
  delivering: "Delivering the result",
  done: "Done",
};

export function stage(name: string): string {
  return STAGES[name] ?? title(name);
}

const SUGGESTIONS: Record<string, string> = {
  allow: "Have its address allowed",
  choose: "Choose another kind",
  convert: "Convert it",
  decrypt: "Remove its password",
  inspect: "Look into the file",
  raise_limit: "Have the limit raised",
  report: "Report it",
  resend: "Send it again",
  retry: "Try again later",
  split: "Split it",
};

/** What may help, as a sentence. */
export function suggestion(action: string, reason: string): string {
  return `${SUGGESTIONS[action] ?? title(action)}: ${reason}.`;
}

export function size(bytes: number | null): string {
  if (bytes === null) return "";
  const units = ["B", "KB", "MB", "GB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = bytes / 1000 ** step;
  return `${(value < 10 && step > 0 ? TENTHS : WHOLE).format(value)} ${units[step]}`;
}

/** "about 40 s"; nothing where nothing is known. */
export function timeLeft(ms: number | null): string {
  if (ms === null) return "";
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return "a moment left";
  if (seconds < 90) return `about ${seconds} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

export function when(time: number): string {
  const date = new Date(time);
  const today = new Date().toDateString() === date.toDateString();
  return (today ? TIME : DAY).format(date);
}

/** Only what is certain is 100 %. */
export function percent(share: number): string {
  return `${share < 1 ? Math.min(99, Math.round(share * 100)) : 100} %`;
}

/** A field's value as text. */
export function value(found: unknown, currency?: unknown): string {
  if (found === null || found === undefined || found === "") return "—";
  if (typeof found === "boolean") return found ? "Yes" : "No";
  if (typeof found === "number") return number(found, currency);
  if (typeof found === "string") return date(found) ?? found;
  if (Array.isArray(found)) return found.map(each => value(each)).join(", ");
  const told = parts(found as Record<string, unknown>)
    .filter(each => each !== null && each !== undefined && each !== "")
    .map(each => value(each));
  return [...new Set(told)].join(" · ");
}

/** What an object says, a measure with its unit; its codes are for machines. */
function parts({ codes, ...found }: Record<string, unknown>): unknown[] {
  if (typeof found.unit !== "string" || found.value == null) return Object.values(found);
  const { unit, ...rest } = found;
  return Object.values({ ...rest, value: `${value(found.value)} ${UNITS[unit] ?? unit}` });
}

/** Units as people write them, where the code for them is another. */
const UNITS: Record<string, string> = {
  "mm[Hg]": "mmHg",
  "[lb_av]": "lb",
  "[in_i]": "in",
  "[degF]": "°F",
  Cel: "°C",
};

function number(found: number, currency: unknown): string {
  if (typeof currency === "string" && /^[A-Z]{3}$/.test(currency)) {
    const digits = Number.isInteger(found) ? 0 : 2;
    const style = { style: "currency", currency, minimumFractionDigits: digits } as const;
    return found.toLocaleString(undefined, { ...style, ...ALL_DIGITS });
  }
  return NUMBER.format(found);
}

function date(text: string): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const parsed = new Date(`${text}T12:00:00`);
  if (Number.isNaN(parsed.getTime())) return null;
  return DATE.format(parsed);
}
