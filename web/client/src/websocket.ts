/** The browser's own WebSocket. */
export const Socket: typeof WebSocket = globalThis.WebSocket;
