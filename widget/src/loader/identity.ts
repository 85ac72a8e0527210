/**
 * Who is on the page, and where. The anonymous id lives in localStorage and is made when it is first needed; the user
 * is what this page said, never what an earlier page said: whoever has logged out since must not be asked as himself.
 */
import type { Context, Identity } from '../wire.ts'
import { digest } from './digest.ts'
import { newId } from './newId.ts'
import { pageAddress } from './pageAddress.ts'
import { durable, readJson, store, visit, writeJson } from './store.ts'

/** What is remembered of the browser: its anonymous id, its user (as a digest), and digests of what was told. */
type Known = { id?: string; user?: number } & Record<string, string | number>

const KEY = 'tactful'
const DAY_MS = 86_400_000

const recall = (): Known => readJson(KEY) || {}

export let user: Partial<Identity> = {}

/** Take `named` as the user. Another user than before in this browser gets another anonymous id. */
export const become = (named: Partial<Identity>): void => {
  const known = recall()
  const sum = digest(named.user_id)
  user = named
  if (known.user != sum) writeJson(KEY, { id: known.user ? undefined : known.id, user: sum })
}

/** Forget the user and this browser's anonymous id. */
export const forget = (): void => {
  user = {}
  delete store[KEY]
}

/** Tell whether `what` has not been told today with these contents, and remember that it is now. */
export const isNews = (what: string, contents: unknown): boolean => {
  const known = recall()
  const before = known[what]
  known[what] = digest([contents, Math.floor(Date.now() / DAY_MS)])
  writeJson(KEY, known)
  return known[what] != before
}

/** Who is here and where, as nearly every request says it. */
export const scene = (): { identity: Identity; context: Context } => {
  const known = recall()
  known.id ||= newId()
  writeJson(KEY, known)
  return {
    identity: { anonymous_id: durable ? known.id : null, user_id: null, ...user },
    context: {
      page: pageAddress(location.href),
      locale: document.documentElement.lang || navigator.language,
      width: innerWidth,
      visit,
    },
  }
}
