const FIRST_MS = 4_000
const LONGEST_MS = 3_600_000

/** How long to wait after try number `tries` (from 0), in ms: doubling up to 1 h, spread by `random` (0..1) over ±25 %. */
export const retryDelay = (tries: number, random: number): number =>
  Math.min(FIRST_MS * 2 ** tries, LONGEST_MS) * (0.75 + random / 2)
