/**
 * Where the loader keeps things: localStorage, or plain memory where the browser does not let us.
 *
 * Both are used as plain objects (`store[key]`), which localStorage allows. Every key of ours begins with `tactful`.
 * Touching `localStorage` throws a SecurityError in sandboxed frames and where storage is blocked
 * (https://issues.chromium.org/issues/40321350); writing throws where the quota is 0 or used up.
 */
import { newId } from './newId.ts'
import { safely } from './safely.ts'

export let store: Record<string, string> = {}
/** Whether what is written can be expected on the next page. */
export let durable: unknown
/** Lasts as long as the tab, or as long as the page where storage is blocked. */
export let visit = newId()

/** What the keys of waiting requests begin with; alone it is the key of our test. */
export const PREFIX = 'tactful-'

/** Find out what the browser allows; where it throws, memory it is. Nothing is stored before this is called. */
export const openStore = safely(() => {
  const local: Record<string, string> = localStorage as any
  local[PREFIX] = PREFIX
  durable = local[PREFIX]
  delete local[PREFIX]
  if (durable) store = local
  visit = sessionStorage.tactful ||= visit
})

export const readJson = (key: string): any => JSON.parse(store[key] || 'null')

/** A full storage throws. That costs persistence, not the request that is on its way. */
export const writeJson = safely((key: string, value: unknown) => {
  store[key] = JSON.stringify(value)
})
