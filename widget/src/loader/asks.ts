/**
 * Offer -> ask -> card. An offer waits for its delay and for somebody to look at the page; then the ask is recorded
 * while the card loads. Without a recorded ask nothing is drawn, and a card that could not be drawn gives its ask back.
 * How long an offer lasts is the server's to say.
 */
import type { Asked, DrawCard, Offer } from '../wire.ts'
import { emit } from './happenings.ts'
import { scene } from './identity.ts'
import { loadCard } from './loadCard.ts'
import { post } from './outbox.ts'
import { request } from './request.ts'

let offer: string | undefined
let shown: { isConnected: boolean } | undefined

/** Record the ask and draw the card, unless one is on the page already or on its way. */
export const ask = async (wanted: object): Promise<void> => {
  if (shown?.isConnected) return
  let asked: Partial<Asked> = {}
  shown = { isConnected: true }
  try {
    const loading = loadCard()
    asked = await request('asks', { ...scene(), ...wanted })
    await loading
    shown = asked.ask ? (window as any as { tactful: { card: DrawCard } }).tactful.card(asked as Asked, post, emit) : undefined
  } catch {
    shown = undefined
    if (asked.ask) post('closings', { ask: asked.ask, how: 'not_rendered' })
  }
}

/** Take up the waiting offer if somebody looks at the page. */
export const takeUp = (): void => {
  if (!offer || document.hidden) return
  ask({ offer })
  offer = ''
}

/** Let an offer wait for its delay. A newer one takes the place of one that still waits for a look. */
export const onOffer = ({ token, delay_ms }: Offer): void => {
  setTimeout(() => {
    offer = token
    takeUp()
  }, delay_ms)
}
