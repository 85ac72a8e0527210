/**
 * Who is on the page, and where. The anonymous id lives in localStorage and is made when it is first needed; the user
 * is what this page said, never what an earlier page said: whoever has logged out since must not be asked as himself.
 */
import type { Context, Identity } from '../wire.ts'
import { test } from './config.ts'
import { newId } from './newId.ts'
import { pageAddress } from './pageAddress.ts'
import { openStore, parse, store, visit, writeJson } from './store.ts'

/** What is remembered of the browser: its anonymous id, its user (as a digest), and digests of what was told. */
type Known = { id?: string; user?: number } & Record<string, string | number>

const KEY = 'tactful'

export let known: Known = {}
/** Who the page said is here. */
export let user: Partial<Identity> = {}

/** Open the storage and read what an earlier page remembered. */
export const recall = (): void => {
  openStore()
  known = parse(store[KEY]) || known
}

/** Take `named` as the user from now on. */
export const become = (id: string, proof?: Partial<Identity>): unknown => (user = { ...proof, user_id: id + '' })

/** Forget the user and this browser's anonymous id. */
export const forget = (): void => {
  user = {}
  known = {}
  delete store[KEY]
}

/** Who is here and where, as nearly every request says it. What is undefined does not travel. */
export const scene = (): { test: string | undefined; identity: Partial<Identity>; context: Context } => {
  known.id ||= newId()
  writeJson(KEY, known)
  return {
    test,
    // Only an id that was written and can be read: another would be somebody new on every page.
    identity: { anonymous_id: (store.length && store[KEY] ? known : {}).id, ...user },
    context: {
      page: pageAddress(location.href),
      locale: document.documentElement.lang,
      width: innerWidth,
      visit,
    },
  }
}
