const FIRST_MS = 2_000

/** How long to wait after `failures` in a row (from 1), in ms: 4 s, 8 s, 16 s, ..., and up to as much again. */
export const retryDelay = (failures: number): number => FIRST_MS * 2 ** (failures + Math.random())
