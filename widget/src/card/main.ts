import type { DrawCard } from '../wire.ts'
import { Card } from './card.ts'

const draw: DrawCard = (asked, post, listeners) => {
  const card = new Card(asked, post, listeners)
  card.show()
  return card.host
}

;(window as any).tactful.card = draw
