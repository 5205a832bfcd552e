import { errorOf, NeuralDocFlowError, unreachable } from "./errors.ts";

export interface HttpOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: Blob | string | null;
  signal?: AbortSignal | undefined;
  /** Goes out also where the page is left at this moment. */
  keepalive?: boolean;
}

/** What a byte that is sent may take on a slow line. */
const PER_BYTE_MS = 0.05;

/** An answer that has come whole. */
export interface Answer {
  status: number;
  headers: Headers;
  body: Blob;
}

/** Requests to the service with the key in their head. */
export class Http {
  readonly #url: string;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #keyRefused: (error: NeuralDocFlowError) => void;

  /** `timeoutMs` is for an answer to begin, beside what a slow line needs for what is asked, and for each of its pieces
   * to follow. `keyRefused` is told when an answer says that the key is not valid. */
  constructor(url: string, key: string, timeoutMs: number, keyRefused: (error: NeuralDocFlowError) => void) {
    this.#url = url;
    this.#key = key;
    this.#timeoutMs = timeoutMs;
    this.#keyRefused = keyRefused;
  }

  /** The answer, if it is a good one. Throws NeuralDocFlowError, or the signal's reason. */
  async send(path: string, options: HttpOptions = {}): Promise<Answer> {
    const { method = "GET", headers = {}, body = null, signal, keepalive = false } = options;
    const head = headOf({ Authorization: `Bearer ${this.#key}`, ...headers });
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    const late = new NeuralDocFlowError("no_answer", "The service has not answered in time.");
    let timer: ReturnType<typeof setTimeout> | undefined;
    const giveItTime = (ms: number) => {
      clearTimeout(timer);
      if (Number.isFinite(ms)) timer = setTimeout(() => stop.abort(late), ms);
    };
    const size = typeof body === "string" ? body.length : (body?.size ?? 0);
    giveItTime(this.#timeoutMs + size * PER_BYTE_MS);
    try {
      const answer = await fetch(new URL(path, this.#url), {
        method,
        headers: head,
        body,
        keepalive,
        signal: stop.signal,
      });
      if (!answer.ok) {
        const error = await refusal(answer);
        // A proxy that wants its own login says nothing of the key.
        if (error.code === "unauthorized" && isProblem(answer)) this.#keyRefused(error);
        throw error;
      }
      return await whole(answer, () => giveItTime(this.#timeoutMs));
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      throw error instanceof NeuralDocFlowError ? error : unreachable(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  async json<Told>(path: string, options: HttpOptions = {}): Promise<Told> {
    return parsed<Told>(await (await this.send(path, options)).body.text());
  }
}

/** What an answer tells in JSON. Throws NeuralDocFlowError where it is none: then it was cut off, or somebody else has
 * answered. */
export function parsed<Told>(text: string): Told {
  try {
    return JSON.parse(text) as Told;
  } catch (error) {
    throw unreachable(error);
  }
}

function headOf(headers: Record<string, string>): Headers {
  try {
    return new Headers(headers);
  } catch (cause) {
    const message = "A key, or an idempotencyKey, may have Latin letters, digits and signs only.";
    throw new NeuralDocFlowError("invalid_request", message, { cause });
  }
}

/** An answer with all of its body; `heard` is told of each piece. */
async function whole(answer: Response, heard: () => void): Promise<Answer> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reader = answer.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    pieces.push(piece.value);
    heard();
  }
  const { status, headers } = answer;
  return { status, headers, body: new Blob(pieces, { type: headers.get("Content-Type") ?? "" }) };
}

/** Whether the service itself has refused something. */
function isProblem({ headers }: Response): boolean {
  return headers.get("Content-Type")?.startsWith("application/problem+json") ?? false;
}

async function refusal(answer: Response): Promise<NeuralDocFlowError> {
  const after = Number(answer.headers.get("Retry-After") ?? Number.NaN);
  const told: unknown = await answer.json().catch(() => null);
  return errorOf(told, {
    status: answer.status,
    retryAfterMs: Number.isFinite(after) ? after * 1000 : undefined,
  });
}
