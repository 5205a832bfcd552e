/** React parts: {@link useDocumentProcessing} for pages of your own, {@link DocumentProcessor} for a whole one. */
export { DocumentProcessor, type DocumentProcessorProps, DocumentWorkspace } from "./DocumentProcessor.tsx";
export type { DocumentEntry } from "./entries.ts";
export { size, when } from "./format.ts";
export { Icon, type IconName } from "./icons.tsx";
export { MemoryShelf } from "./memory.ts";
export {
  ADDRESS,
  type Lock,
  Outbox,
  type OutboxView,
  type Read,
  type Send,
  type Shelf,
  type Submission,
  type Wishes,
} from "./outbox.ts";
export { type BeingRead, type LocalReader, Reading } from "./reading.ts";
export {
  type DocumentProcessing,
  type UseDocumentProcessingOptions,
  useDocumentProcessing,
} from "./useDocumentProcessing.ts";
