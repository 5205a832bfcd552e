/** What a failure to send says of a document that waits. */
import { type NeuralDocFlowError, pause } from "@neuraldocflow/client";
import type { Submission } from "./submissions.ts";

const TRIES = 3;
export const BACKOFF = { firstMs: 2_000, mostMs: 60_000 };
/** The service is not there, or as good as not: it hangs. */
export const AWAY = ["unreachable", "no_answer"];
/** What says nothing about the document: it waits for a connection, or for a valid key. */
export const NOT_NOW = [...AWAY, "disconnected", "unauthorized"];

/** Whether the same request may succeed later. */
export function mayHelp({ retryable, status = 0 }: NeuralDocFlowError): boolean {
  return retryable || status === 429 || status >= 500;
}

/** What has become of a submission that the service refused. */
export function afterFailure(submission: Submission, error: NeuralDocFlowError): Submission {
  const told = { code: error.code, message: error.message };
  const asksToWait = error.status === 429;
  const tries = submission.tries + (asksToWait ? 0 : 1);
  if (!mayHelp(error) || tries >= TRIES) return { ...submission, tries, state: "failed", error: told };
  const wait = Math.max(error.retryAfterMs ?? 0, pause(tries, BACKOFF)); // it may ask for less than a second
  return { ...submission, tries, nextTryAt: Date.now() + wait, error: told };
}
