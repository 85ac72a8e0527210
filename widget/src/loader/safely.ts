/** Wrap `run` so that nothing it throws ever reaches the host page. */
export const safely =
  <Args extends unknown[], Result>(run: (...args: Args) => Result) =>
  (...args: Args): Result | undefined => {
    try {
      return run(...args)
    } catch {}
  }
