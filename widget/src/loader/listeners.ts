import type { Happening } from '../wire.ts'

export type Listener = [what: Happening, listener: (...told: any[]) => unknown]

/** Who wants to know what happens to a card, or to have a say. The files that ask tell them; until then, nothing happens. */
export const listeners = new Set<Listener>()

/** Call `listener` whenever `what` happens; returns its own undo. */
export const on = (...listener: Listener): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
