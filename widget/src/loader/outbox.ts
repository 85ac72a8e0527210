/**
 * The outbox: what must reach the server, kept until the server has answered.
 *
 * Every entry is a localStorage key of its own, so that several tabs add and remove without a lock. Two tabs, or a
 * page and the one after it, may send the same entry: the server knows responses by (ask, rev) and events by message
 * id, so what arrives twice counts once. Nothing but an answer ends an entry. All requests are keepalive, which
 * outlives the page like a beacon and, unlike a beacon, says how it went if the page is still there.
 */
import { ask } from './asks.ts'
import { awake } from './consent.ts'
import { newId } from './newId.ts'
import { request, written } from './request.ts'
import { retryDelay } from './retryDelay.ts'
import { parse, store, writeJson } from './store.ts'

type Entry = [path: string, body: object]

const PREFIX = 'tactful-'
const MOST_ENTRIES = 9
/** In UTF-16 units, so that three bytes each still fit into the 64 KiB that the server and a keepalive take. */
const LONGEST_BODY = 20_000

let failures = 0

/** Keys of the entries: responses first (`!`), then the others from the oldest on, since ids begin with their time. */
export const keys = (): string[] =>
  Object.keys(store)
    .sort()
    .filter((key) => key.startsWith(PREFIX))

const attempt = async (key: string, entry: Entry): Promise<void> => {
  const kept = store[key]
  try {
    // Within, since what another version of this left behind may be anything.
    const reply = await request(...entry)
    failures = 0
    // While this was on its way, a later revision may have taken its place.
    if (store[key] == kept) delete store[key]
    if (reply.offer || reply.live) ask(reply)
  } catch {
    setTimeout(resend, retryDelay(++failures))
  }
}

/** Send everything that waits, if somebody looks at the page. */
export const resend = (): void => {
  if (awake && !document.hidden) for (const key of keys()) attempt(key, parse(store[key]))
}

/** Keep a request until it is answered, and send it now. Where too much waits already, it is sent once and not kept. */
export const post = (path: string, body: object, id = newId()): void => {
  const entry: Entry = [path, body]
  if (!awake || written(body).length > LONGEST_BODY) return
  writeJson(PREFIX + id, entry)
  attempt(PREFIX + id, entry)
  delete store[keys()[MOST_ENTRIES]!]
}
