/** Runs work while no other tab does the same. Where the browser has no locks for the page, as on one that is not served
 * securely or for which it keeps nothing, it goes without. */
async function alone(name: string, work: () => Promise<void>): Promise<void> {
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    return work();
  };
  try {
    await navigator.locks.request(name, begin);
  } catch (error) {
    if (hasBegun) throw error;
    await work();
  }
}

/** Sends documents while no other tab does. */
export function underLock(work: () => Promise<void>): Promise<void> {
  return alone("neuraldocflow-sync", work);
}

/** Reads documents while no other tab does. */
export function underReadingLock(work: () => Promise<void>): Promise<void> {
  return alone("neuraldocflow-reading", work);
}
