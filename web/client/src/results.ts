import { NeuralDocFlowError } from "./errors.ts";
import type { Answer } from "./http.ts";
import type { ProcessingResult } from "./schema.ts";

/** The answer of a job that is done. */
export function done(answer: Answer): Answer {
  if (answer.status !== 202) return answer;
  const about = { status: 202, retryable: true };
  throw new NeuralDocFlowError("invalid_request", "The job is not done yet.", about);
}

/** The result, unless its document failed: then that is thrown. */
export function resultOrThrow(result: ProcessingResult): ProcessingResult {
  if (result.status !== "failed") return result;
  const {
    code = "internal",
    message = "The document could not be processed.",
    retryable,
  } = result.error ?? {};
  throw new NeuralDocFlowError(code as NeuralDocFlowError["code"], message, {
    retryable,
    retrySuggestions: result.error?.retrySuggestions,
  });
}
