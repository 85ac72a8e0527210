/**
 * The outbox: what must reach the server, kept until the server has answered.
 *
 * Every entry is a localStorage key of its own, so that several tabs add and remove without a lock. An entry says
 * when it is due; a try moves that time first, which is at once the back-off and a lease that keeps other tabs from
 * sending the same. Two may still send it: the server knows responses by (ask, rev) and events by message id, so
 * what arrives twice counts once. For the same reason a beacon never ends an entry: `sendBeacon` returning true
 * means queued, not delivered. Only an answer to a fetch ends it, on this page or on the next.
 */
import { emit } from './happenings.ts'
import { newId } from './newId.ts'
import { address, request, written } from './request.ts'
import { retryDelay } from './retryDelay.ts'
import { readJson, store, writeJson } from './store.ts'

type Entry = [due: number, tries: number, path: string, body: object]

const PREFIX = 'tactful-'
const MOST_ENTRIES = 40
/** In UTF-16 units, so that three bytes each still fit into the 64 KiB that the server and a keepalive take. */
const LONGEST_BODY = 20_000
/** So often may the next page try at once what this page could not finish; then the back-off holds across pages. */
const EAGER_TRIES = 3

/** Keys of the entries, oldest first, since ids begin with their time. */
const keys = (): string[] =>
  Object.keys(store)
    .filter((key) => key.startsWith(PREFIX))
    .sort()

/** Send one entry if it is due. Answers false when the network or the server failed, so that the rest waits. */
const attempt = async (key: string, entry: Entry): Promise<boolean> => {
  if (entry[0] > Date.now()) return true
  const delay = retryDelay(entry[1]++, Math.random())
  entry[0] = Date.now() + delay
  writeJson(key, entry)
  const kept = store[key]
  try {
    const said = await request(entry[2], entry[3])
    // While this was on its way, a later revision may have taken its place.
    if (store[key] == kept) delete store[key]
    if (said.offer) emit('offer', said.offer)
    return true
  } catch {
    setTimeout(resend, delay)
    return false
  }
}

/** Send whatever is due, one after another, while somebody looks at the page. */
export const resend = async (): Promise<void> => {
  for (const key of document.hidden ? [] : keys()) if (!(await attempt(key, readJson(key) || [Infinity]))) break
}

/** Keep a request until it is answered, and send it now. The oldest entries make room for the newest. */
export const post = (path: string, body: object, id = newId()): void => {
  if (written(body).length > LONGEST_BODY) return
  attempt(PREFIX + id, [0, 0, path, body])
  for (const old of keys().slice(0, -MOST_ENTRIES)) delete store[old]
}

/** The page is being left: hand what is unanswered to the browser as well, and let the next page send it at once. */
export const leave = (): void => {
  for (const key of keys()) {
    const entry: Entry = readJson(key)
    if (entry[1] > EAGER_TRIES) continue
    navigator.sendBeacon(address(entry[2]), written(entry[3]))
    entry[0] = 0
    writeJson(key, entry)
  }
}

/** Drop everything that waits. */
export const empty = (): void => keys().forEach((key) => delete store[key])
