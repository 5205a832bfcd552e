// The WebSocket client of NeuralDocFlow's specification, word for word: the proof that it works with the gateway.
// What it leaves to whoever uses it (generateId, the callbacks, subscriptions) is in specification_program.mjs.

// WebSocket message types
interface WebSocketMessage {
  id: string;
  type: 'request' | 'response' | 'event' | 'error';
  timestamp: string;
  payload: any;
}

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

interface ProcessingResult {
  jobId: string;
  status: 'completed' | 'failed' | 'partial';
  extractedData?: any;
  metadata?: ProcessingMetadata;
  validationResults?: ValidationResult[];
  error?: ErrorInfo;
}

// Client-side WebSocket interface
interface NeuralDocFlowWebSocket {
  connect(apiKey: string, options?: ConnectionOptions): Promise<void>;
  disconnect(): void;
  
  // Document processing
  processDocument(request: ProcessingRequest): Promise<string>; // Returns job ID
  subscribeToJob(jobId: string): void;
  unsubscribeFromJob(jobId: string): void;
  
  // Streaming operations
  startStream(config: StreamConfig): Promise<string>; // Returns stream ID
  stopStream(streamId: string): void;
  
  // Event handlers
  onProgress(callback: (progress: ProgressEvent) => void): void;
  onResult(callback: (result: ProcessingResult) => void): void;
  onError(callback: (error: ErrorEvent) => void): void;
  onConnectionStatus(callback: (status: ConnectionStatus) => void): void;
}

// Implementation
class NeuralDocFlowClient implements NeuralDocFlowWebSocket {
  private ws: WebSocket;
  private messageHandlers: Map<string, Function>;
  private subscriptions: Set<string>;
  
  async connect(apiKey: string, options?: ConnectionOptions) {
    const wsUrl = `wss://api.neuraldocflow.com/v1/stream?token=${apiKey}`;
    this.ws = new WebSocket(wsUrl);
    
    this.ws.onmessage = (event) => {
      const message = JSON.parse(event.data);
      this.handleMessage(message);
    };
    
    return new Promise((resolve, reject) => {
      this.ws.onopen = () => resolve();
      this.ws.onerror = (error) => reject(error);
    });
  }
  
  async processDocument(request: ProcessingRequest): Promise<string> {
    const messageId = generateId();
    const message = {
      id: messageId,
      type: 'process_document',
      payload: request
    };
    
    this.ws.send(JSON.stringify(message));
    
    return new Promise((resolve, reject) => {
      this.messageHandlers.set(messageId, (response) => {
        if (response.error) {
          reject(new Error(response.error.message));
        } else {
          resolve(response.payload.job_id);
        }
      });
    });
  }
  
  private handleMessage(message: WebSocketMessage) {
    switch (message.type) {
      case 'response':
        const handler = this.messageHandlers.get(message.id);
        if (handler) {
          handler(message);
          this.messageHandlers.delete(message.id);
        }
        break;
        
      case 'event':
        this.handleEvent(message);
        break;
        
      case 'error':
        this.handleError(message);
        break;
    }
  }
}

export { NeuralDocFlowClient };
