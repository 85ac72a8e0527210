/**
 * The arrival of an offer, or of somebody's wish to say something. What follows is the business of another file
 * (src/tact): the delay, a quiet moment, whether the page objects, the ask itself, the card. That file is fetched beside
 * the first watched event, so nobody waits for it, and a visit on which nothing happens does not pay for it.
 */
import type { Tact, Wanted } from '../wire.ts'
import { attend } from './attend.ts'
import { tact } from './config.ts'
import { awake } from './consent.ts'
import { known, scene } from './identity.ts'
import { listeners } from './listeners.ts'
import { load } from './load.ts'
import { post } from './outbox.ts'
import { request } from './request.ts'
import { safely } from './safely.ts'
import { resumeVisit } from './store.ts'

/** The snippet's global. What asks, once it has run, adds itself to it. */
declare const tactful: { ask?: Tact }

let fetched: unknown

/** Fetch what asks, once for this page, unless consent has gone meanwhile. */
export const prepare = safely((): unknown => (fetched ||= awake && load(tact)))

/** Take the card away, and whatever was to be asked: whom it concerned is gone. */
export const withdraw = (): unknown => tactful.ask?.()

/** Ask what a reply or somebody on the page wants. */
export const ask = async (wanted: Wanted): Promise<void> => {
  try {
    if (awake) resumeVisit()
    await prepare()
    tactful.ask!(wanted, scene, request, post, listeners, () => awake && known, load, attend)
  } catch {}
}
