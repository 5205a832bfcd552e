/** Documents to NeuralDocFlow and results back. Start with {@link NeuralDocFlowClient}. */
export { NeuralDocFlowClient } from "./client.ts";
export { type ErrorCode, NeuralDocFlowError, type RetrySuggestion } from "./errors.ts";
export type {
  Clause,
  ErrorInfo,
  ExtractedData,
  FieldValue,
  ProcessingResult,
  Provenance,
  ResultMetadata,
  Section,
  Table,
  ValidationResult,
} from "./schema.ts";
export type * from "./types.ts";
export { type Backoff, pause, randomId } from "./waiting.ts";
