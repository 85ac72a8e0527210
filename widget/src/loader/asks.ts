/**
 * Offer -> ask -> card. An offer waits for its delay and for somebody to look at the page; then the ask is recorded
 * while the card loads. Without a recorded ask nothing is drawn, and a card that could not be drawn gives its ask back.
 * How long an offer lasts is the server's to say.
 */
import type { DrawCard, Reply } from '../wire.ts'
import { attend } from './attend.ts'
import { card } from './config.ts'
import { known, scene } from './identity.ts'
import { listeners } from './listeners.ts'
import { load } from './load.ts'
import { post } from './outbox.ts'
import { request } from './request.ts'

/** The snippet's global. The card, once it has run, adds itself to it. */
declare const tactful: { card?: DrawCard; live?: unknown }

let offer: string | undefined
/** The card on the page. While one is on its way the document, which is always connected, stands for it. */
let shown: { isConnected: boolean; remove?: () => void } | void

/** Take the card away: whom it asked is gone. */
export const withdraw = (): void => shown?.remove?.()

/**
 * Record the ask and draw the card, unless one is on the page already or on its way. Where somebody else has come
 * before the card did, it is not theirs: drawing nothing throws, and so gives the ask back.
 */
export const ask = async (wanted: object, who = known): Promise<void> => {
  if (shown?.isConnected) return
  let asked: any
  try {
    shown = document
    const loading = tactful.card || load(card)
    asked = await request('asks', { ...scene(), ...wanted })
    await loading
    shown = asked.ask && (who == known && (tactful.card as any))(asked, post, listeners, load)
  } catch {
    shown = asked && post('closings', { ask: asked.ask, how: 'not_rendered' })
  }
}

/** Take up the waiting offer if somebody looks at the page. */
export const takeUp = (): void => {
  if (!document.hidden && offer) {
    ask({ offer })
    offer = ''
  }
}

/**
 * Let the offer that a reply brings wait for its delay; a newer one takes the place of one that still waits for a look.
 * And let whoever may listen to the server do so.
 */
export const onReply = ({ offer: made, live }: Reply): void => {
  if (made)
    setTimeout(() => {
      offer = made.token
      takeUp()
    }, made.delay_ms)
  if (live && !tactful.live) load(live).then(attend)
}
