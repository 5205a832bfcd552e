import { useEffect, useState } from "react";

/** How much is shown in one turn: what costs about as much as this many cells of a table. */
const IN_A_TURN = 300;

/** How many of a long list are to be shown by now: some at once, and more in each turn of the browser, which
 * answers in between. `costs` says what each is to show, in cells of a table. */
export function useSlices(costs: readonly number[]): number {
  const [shown, setShown] = useState(() => sliceEnd(costs, 0));
  useEffect(() => {
    if (shown >= costs.length) return;
    const turn = setTimeout(() => setShown(sliceEnd(costs, shown)));
    return () => clearTimeout(turn);
  }, [costs, shown]);
  return shown;
}

/** Where a slice ends that begins at `from`: it has one at least. */
export function sliceEnd(costs: readonly number[], from: number): number {
  let [end, cost] = [from, 0];
  while (end < costs.length && (end === from || cost + (costs[end] ?? 0) <= IN_A_TURN))
    cost += costs[end++] ?? 0;
  return end;
}
