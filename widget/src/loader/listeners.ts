import type { Happening } from '../wire.ts'

export type Listener = [what: Happening, listener: (detail: object) => void]

/** Who wants to know what happens to a card. The card tells them; until there is one, nothing happens. */
export const listeners = new Set<Listener>()

/** Call `listener` whenever `what` happens; returns its own undo. */
export const on = (...listener: Listener): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
