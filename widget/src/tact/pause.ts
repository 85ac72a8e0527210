/** Resolve after `ms`; what is no number is 0. */
export const pause = (ms?: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
