import { vi } from "vitest";

/** What must come is waited for longer than a second: machines that test are busy. */
const { waitFor } = vi;
vi.waitFor = (holds, options = 30_000) => waitFor(holds, options);
