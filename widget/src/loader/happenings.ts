import type { Happening, Offer } from '../wire.ts'

type Listener = (detail: any) => void

const listeners: Partial<Record<Happening | 'offer', Set<Listener>>> = {}

/** Call `listener` whenever `what` happens; returns its own undo. */
export const on = (what: Happening | 'offer', listener: Listener): (() => void) => {
  const those = (listeners[what] ||= new Set())
  those.add(listener)
  return () => those.delete(listener)
}

/** Tell the listeners in a turn of their own: what they throw is theirs, and nothing of ours stops. */
export const emit = (what: Happening | 'offer', detail: object | Offer): void =>
  listeners[what]?.forEach((listener) => setTimeout(listener, 0, detail))
