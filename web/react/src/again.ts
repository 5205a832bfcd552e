import { useEffect, useRef, useState } from "react";

/** Another number whenever the service is back after something could not be had: to be asked for again. */
export function useAgain(isConnected: boolean, isMissing: boolean): number {
  const [times, setTimes] = useState(0);
  const latest = useRef(isMissing);
  latest.current = isMissing;
  useEffect(() => {
    if (isConnected && latest.current) setTimes(before => before + 1);
  }, [isConnected]);
  return times;
}
