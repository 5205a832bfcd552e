export {
  type InitOptions,
  NeuralDocFlowWASM,
  NeuralDocFlowWorker,
  type ProcessOptions,
} from "./extractor.ts";
export type { Manifest, Progress } from "./protocol.ts";
