import type { Ways } from "../src/connection.ts";

interface Asked {
  id: string;
  payload: { action: string } & Record<string, unknown>;
}

type Answer = object | Refusal | undefined;

/** What a service answers instead of what was asked for. */
export class Refusal {
  readonly told: object;

  constructor(code: string, retryable: boolean) {
    this.told = { code, message: "Refused.", retryable };
  }
}

/** A service at the other end of sockets that need no network. `answer` is asked for each request; what it leaves
 * out is authenticated, ponged, and else not answered. */
export class Service {
  answer: (action: string, payload: Record<string, unknown>, connection: number) => Answer = () => undefined;
  /** The sockets that were opened, the last one last. */
  readonly sockets: Line[] = [];
  /** The actions asked for, with their payloads. */
  readonly asked: [string, Record<string, unknown>][] = [];

  ways(more: Partial<Ways> = {}): Ways {
    const service = this;
    class Socket extends Line {
      constructor() {
        super(service);
      }
    }
    return {
      url: "ws://service",
      socket: Socket as unknown as typeof WebSocket,
      backoff: { firstMs: 100, mostMs: 100 },
      connectTimeoutMs: 10_000,
      pingMs: 25_000,
      requestTimeoutMs: 30_000,
      keepTrying: true,
      ...more,
    };
  }

  asks(action: string): Record<string, unknown>[] {
    return this.asked.filter(([name]) => name === action).map(([, payload]) => payload);
  }
}

class Line {
  readonly #service: Service;
  readonly #number: number;
  readyState = 0;
  onopen = () => {};
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (event: { code: number; reason: string }) => void = () => {};

  constructor(service: Service) {
    this.#service = service;
    this.#number = service.sockets.push(this);
    queueMicrotask(() => {
      this.readyState = 1;
      this.onopen();
    });
  }

  send(text: string): void {
    const { id, payload } = JSON.parse(text) as Asked;
    const { action, ...rest } = payload;
    this.#service.asked.push([action, rest]);
    const standard = { authenticate: { tenant: "acme", scopes: ["read"] }, ping: { pong: true } };
    const answer =
      this.#service.answer(action, rest, this.#number) ?? standard[action as keyof typeof standard];
    if (answer === undefined) return;
    const told = answer instanceof Refusal ? ["error", answer.told] : ["response", answer];
    queueMicrotask(() => this.tell({ id, type: told[0], payload: told[1] }));
  }

  /** Something comes from the service. */
  tell(message: object): void {
    if (this.readyState === 1) this.onmessage?.({ data: JSON.stringify(message) });
  }

  close(code = 1000, reason = ""): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose({ code, reason });
  }
}
