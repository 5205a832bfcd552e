import type { Connection } from "./connection.ts";
import type { ProcessingRequest } from "./types.ts";

/** A WebSocket message has at most 16 MiB; what is longer in base64 goes in pieces of this size, each whole base64. */
export const MOST_IN_MESSAGE = 8 * 2 ** 20;

type Given = ProcessingRequest["document"];

/** Base64 alone: it may come in lines, or as a `data:` address. */
export function bare(content: string): string {
  return content.replace(/^\s*data:[^,]{0,200};base64,/i, "").replace(/\s+/g, "");
}

/** Send a document in pieces; what the connection it was sent by then knows it as. Throws NeuralDocFlowError, or the
 * signal's reason: nothing of it is kept then. */
export async function sendInPieces(
  connection: Connection,
  { content: given, ...about }: Given,
  signal?: AbortSignal,
): Promise<Given> {
  const content = bare(given);
  const options = { again: false, signal }; // another connection knows nothing of it
  const padding = content.endsWith("==") ? 2 : content.endsWith("=") ? 1 : 0;
  const size = Math.floor((content.length * 3) / 4) - padding;
  const { filename, contentType } = about;
  const begun = await connection.request("upload_begin", { filename, contentType, size }, options);
  const upload_id = String(begun.upload_id);
  try {
    for (let at = 0; at < content.length; at += MOST_IN_MESSAGE) {
      const data = content.slice(at, at + MOST_IN_MESSAGE);
      await connection.request("upload_chunk", { upload_id, data }, options);
    }
    await connection.request("upload_end", { upload_id }, options);
  } catch (error) {
    const wrong = { upload_id, sha256: "" }; // it is dropped, and makes room for others
    connection.request("upload_end", wrong, { again: false }).catch(() => {});
    throw error;
  }
  return { ...about, source: "file", content: upload_id };
}
