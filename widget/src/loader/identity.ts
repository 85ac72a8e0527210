/**
 * Who is on the page, and where. The anonymous id lives in localStorage and is made when it is first needed; the user
 * is what this page said, never what an earlier page said: whoever has logged out since must not be asked as himself.
 */
import type { Context, Identity, Message } from '../wire.ts'
import { digest } from './digest.ts'
import { newId } from './newId.ts'
import { pageAddress } from './pageAddress.ts'
import { durable, openStore, readJson, resumeVisit, store, visit, writeJson } from './store.ts'

/** What is remembered of the browser: its anonymous id, its user (as a digest), and digests of what was told. */
type Known = { id?: string; user?: number } & Record<string, string | number>

const KEY = 'tactful'
const DAY_MS = 86_400_000

export let known: Known = {}
let user: Partial<Identity> = {}

/** Open the storage and read what an earlier page remembered. */
export const recall = (): void => {
  openStore()
  known = readJson(KEY) || known
}

/** Take `named` as the user from now on. */
export const become = (named: Partial<Identity>): void => {
  user = named
}

/** Forget the user and this browser's anonymous id. */
export const forget = (): void => {
  user = {}
  known = {}
  delete store[KEY]
}

/** Tell whether nothing like `message` was sent today, and note that it is now; `scene` stores the note. */
export const isNews = (message: Pick<Message, 'type'>): boolean => {
  return known[message.type] != (known[message.type] = digest([message, (Date.now() / DAY_MS) | 0]))
}

/** Who is here and where, as nearly every request says it. What is undefined does not travel. */
export const scene = (): { identity: Partial<Identity>; context: Context } => {
  known.id ||= newId()
  writeJson(KEY, known)
  resumeVisit()
  return {
    // Only an id that was written and can be read: another would be somebody new on every page.
    identity: { anonymous_id: durable && store[KEY] ? known.id : undefined, ...user },
    context: {
      page: pageAddress(location.href),
      locale: document.documentElement.lang || navigator.language,
      width: innerWidth,
      visit,
    },
  }
}
