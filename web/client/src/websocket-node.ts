import { WebSocket as FromPackage } from "ws";

/** Node's own WebSocket from version 22 on, before that the one of `ws`: they speak the same interface. */
export const Socket: typeof WebSocket =
  globalThis.WebSocket ?? (FromPackage as unknown as typeof globalThis.WebSocket);
