// The interfaces that the specification prints, held against the client's own: whoever writes by the one gets on
// with the other.
import * as ours from "@neuraldocflow/client";

interface ProcessingRequest {
  document: {
    source: 'file' | 'url' | 'base64';
    content: string;
    filename?: string;
    contentType?: string;
  };
  profile: string;
  options: {
    priority?: 'low' | 'normal' | 'high' | 'urgent';
    qualityThreshold?: number;
    outputFormat?: 'json' | 'yaml' | 'xml';
    streamResults?: boolean;
  };
}

interface ProgressEvent {
  jobId: string;
  progress: number; // 0.0 to 1.0
  stage: string;
  estimatedRemainingMs?: number;
  currentOperation?: string;
}

interface NeuralDocFlowWebSocket {
  connect(apiKey: string, options?: ours.ConnectionOptions): Promise<void>;
  disconnect(): void;

  // Document processing
  processDocument(request: ProcessingRequest): Promise<string>; // Returns job ID
  subscribeToJob(jobId: string): void;
  unsubscribeFromJob(jobId: string): void;

  // Streaming operations
  startStream(config: ours.StreamConfig): Promise<string>; // Returns stream ID
  stopStream(streamId: string): void;

  // Event handlers
  onProgress(callback: (progress: ProgressEvent) => void): void;
  onResult(callback: (result: ours.ProcessingResult) => void): void;
  onError(callback: (error: ours.ErrorEvent) => void): void;
  onConnectionStatus(callback: (status: ours.ConnectionStatus) => void): void;
}

export const client: NeuralDocFlowWebSocket = new ours.NeuralDocFlowClient();
export const asked = (request: ours.ProcessingRequest): ProcessingRequest => request;
