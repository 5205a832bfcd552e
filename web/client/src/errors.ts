/** Why a request failed: the service's own codes, and those of the way to it. */
export type ErrorCode =
  | "unsupported_format"
  | "encrypted"
  | "corrupt"
  | "empty"
  | "too_large"
  | "too_many_pages"
  | "timeout"
  | "out_of_memory"
  | "agent_crashed"
  | "bomb"
  | "fetch_failed"
  | "forbidden_url"
  | "unknown_profile"
  | "invalid_request"
  | "unauthorized"
  | "rate_limited"
  | "internal"
  /** The key is valid, but may not do this. */
  | "forbidden"
  /** The service could not be reached. */
  | "unreachable"
  /** No answer within the time-out. */
  | "no_answer"
  /** `disconnect` was called, or `connect` was not. */
  | "disconnected";

const UNREACHABLE = "The service can't be reached.";

/** What may help. */
export interface RetrySuggestion {
  action: string;
  reason: string;
}

interface Details {
  status?: number | undefined;
  retryable?: boolean | undefined;
  retryAfterMs?: number | undefined;
  retrySuggestions?: RetrySuggestion[] | undefined;
  cause?: unknown;
}

/** The one error this package throws, beside the `AbortError` of an aborted signal. */
export class NeuralDocFlowError extends Error {
  override readonly name = "NeuralDocFlowError";
  readonly code: ErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** The HTTP status, where there was one. */
  readonly status: number | undefined;
  /** How long the service asks to wait. */
  readonly retryAfterMs: number | undefined;
  readonly retrySuggestions: RetrySuggestion[];

  constructor(code: ErrorCode, message: string, details: Details = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.retryable = details.retryable ?? (code === "unreachable" || code === "no_answer");
    this.status = details.status;
    this.retryAfterMs = details.retryAfterMs;
    this.retrySuggestions = details.retrySuggestions ?? [];
  }
}

/** The error an answer describes: problem details over HTTP, an error's payload over WebSocket. */
export function errorOf(told: unknown, details: Details = {}): NeuralDocFlowError {
  const body = (typeof told === "object" && told !== null ? told : {}) as Record<string, unknown>;
  let code = typeof body.code === "string" ? (body.code as ErrorCode) : codeOf(details.status);
  if (code === "unauthorized" && details.status === 403) code = "forbidden";
  const message = [body.detail, body.message].find(each => typeof each === "string");
  const refused = code === "unreachable" ? UNREACHABLE : "The service refused the request.";
  return new NeuralDocFlowError(code, (message as string | undefined) ?? refused, {
    retryable: typeof body.retryable === "boolean" ? body.retryable : undefined, // else it follows from the code
    retrySuggestions: Array.isArray(body.retrySuggestions) ? body.retrySuggestions : [],
    ...details,
  });
}

/** The error within a session, which has begun with a valid key: what is refused is more than the key may do. */
export function refusalOf(told: unknown): NeuralDocFlowError {
  const error = errorOf(told);
  return error.code === "unauthorized" ? new NeuralDocFlowError("forbidden", error.message) : error;
}

export function unreachable(cause?: unknown): NeuralDocFlowError {
  return new NeuralDocFlowError("unreachable", UNREACHABLE, { cause });
}

/** Without a body of ours a proxy has answered: what its status means. */
function codeOf(status = 500): ErrorCode {
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 413) return "too_large";
  if (status === 429) return "rate_limited";
  if (status === 502 || status === 503 || status === 504) return "unreachable";
  return status < 500 ? "invalid_request" : "internal";
}
