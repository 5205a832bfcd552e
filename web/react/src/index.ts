/** React parts: {@link useDocumentProcessing} for pages of your own, {@link DocumentProcessor} for a whole one. */
export { DocumentProcessor, type DocumentProcessorProps, DocumentWorkspace } from "./DocumentProcessor.tsx";
export type { DocumentEntry } from "./entries.ts";
export { size, when } from "./format.ts";
export { Icon, type IconName } from "./icons.tsx";
export { MemoryShelf } from "./memory.ts";
export { ADDRESS, type Lock, Outbox, type OutboxView, type Send } from "./outbox.ts";
export { type BeingRead, type LocalReader, Reading } from "./reading.ts";
export type { Read, Shelf, Submission, Wishes } from "./submissions.ts";
export {
  type DocumentProcessing,
  type UseDocumentProcessingOptions,
  useDocumentProcessing,
} from "./useDocumentProcessing.ts";
