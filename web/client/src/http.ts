import { errorOf, NeuralDocFlowError, unreachable } from "./errors.ts";

export interface HttpOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: BodyInit | null;
  signal?: AbortSignal | undefined;
  /** The time until the answer's head; none for what takes as long as it takes. */
  timeoutMs?: number;
}

/** Requests to the service with the key in their head. */
export class Http {
  readonly #url: string;
  readonly #key: string;
  readonly #timeoutMs: number;
  readonly #keyRefused: (error: NeuralDocFlowError) => void;

  /** `keyRefused` is told when an answer says that the key is not valid. */
  constructor(url: string, key: string, timeoutMs: number, keyRefused: (error: NeuralDocFlowError) => void) {
    this.#url = url;
    this.#key = key;
    this.#timeoutMs = timeoutMs;
    this.#keyRefused = keyRefused;
  }

  /** The answer, if it is a good one. Throws NeuralDocFlowError, or the signal's reason. */
  async send(path: string, options: HttpOptions = {}): Promise<Response> {
    const { method = "GET", headers = {}, body = null, signal, timeoutMs = this.#timeoutMs } = options;
    const stop = new AbortController();
    const abort = () => stop.abort(signal?.reason);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort, { once: true });
    const late = new NeuralDocFlowError("no_answer", "The service has not answered in time.");
    const timer = Number.isFinite(timeoutMs) ? setTimeout(() => stop.abort(late), timeoutMs) : undefined;
    try {
      const answer = await fetch(new URL(path, this.#url), {
        method,
        headers: { Authorization: `Bearer ${this.#key}`, ...headers },
        body,
        signal: stop.signal,
      });
      if (!answer.ok) throw await refusal(answer);
      return answer;
    } catch (error) {
      if (stop.signal.aborted) throw stop.signal.reason;
      if (error instanceof NeuralDocFlowError) {
        if (error.code === "unauthorized") this.#keyRefused(error);
        throw error;
      }
      throw unreachable(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }

  async json<Answer>(path: string, options: HttpOptions = {}): Promise<Answer> {
    return (await (await this.send(path, options)).json()) as Answer;
  }
}

async function refusal(answer: Response): Promise<NeuralDocFlowError> {
  const after = Number(answer.headers.get("Retry-After") ?? Number.NaN);
  const told: unknown = await answer.json().catch(() => null);
  return errorOf(told, {
    status: answer.status,
    retryAfterMs: Number.isFinite(after) ? after * 1000 : undefined,
  });
}
