const FIRST_MS = 4_000
const LONGEST_MS = 3_600_000

/** How long to wait after failure number `failures` (from 0), in ms: doubling up to 1 h; `random` (0..1) adds up to half. */
export const retryDelay = (failures: number, random = Math.random()): number =>
  Math.min(FIRST_MS * 2 ** failures, LONGEST_MS) * (1 + random / 2)
