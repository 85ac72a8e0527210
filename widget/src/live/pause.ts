/** Resolve after `ms`, or at once when `stopped`. */
export const pause = (stopped: AbortSignal, ms: number): Promise<unknown> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
    stopped.addEventListener('abort', resolve)
  })
