/**
 * Where the loader keeps things: localStorage, or plain memory where the browser does not let us.
 *
 * Both are used as plain objects (`store[key]`), which localStorage allows. Every key of ours begins with `tactful`.
 * Touching `localStorage` throws a SecurityError in sandboxed frames and where storage is blocked
 * (https://issues.chromium.org/issues/40321350); writing throws where the quota is 0 or used up.
 */
import { write } from './json.ts'
import { newId } from './newId.ts'
import { safely } from './safely.ts'

export let store: Record<string, string> = {}
/** Find out what the browser allows; where it throws, memory it is. Nothing is read before this is called. */
export const openStore = safely(() => {
  store = localStorage as any
})

/** Lasts as long as the tab, or as long as the page where storage is blocked. Unknown until an ask needs it. */
export let visit: string | undefined

/** Begin a visit, or go on with the one that an earlier page of this tab began. A storage that no page touches is free. */
export const resumeVisit = safely(() => {
  visit ||= newId()
  visit = sessionStorage.tactful ||= visit
})

/**
 * What `text` says as JSON; undefined where there is none, or what is no JSON. Mostly there is none, and to throw for
 * that would cost every page more than all else that the loader does.
 */
export const parse = safely((text?: string) => (text ? JSON.parse(text) : undefined))

/** A full storage throws. That costs persistence, not the request that is on its way. */
export const writeJson = safely((key: string, value: unknown) => {
  store[key] = write(value)
})
