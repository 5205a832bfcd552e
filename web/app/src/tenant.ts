import { NeuralDocFlowClient } from "@neuraldocflow/client";

/** Whose a key is, as the service says; null where it can't be asked, or does not know the key. */
export async function tenantOf(apiKey: string): Promise<string | null> {
  const client = new NeuralDocFlowClient();
  let tenant: string | null = null;
  client.onConnectionStatus(({ key }) => {
    tenant = key?.tenant ?? tenant;
  });
  await client.connect(apiKey).catch(() => {}); // then nothing was said
  client.disconnect();
  return tenant;
}
