import type { DrawCard } from '../wire.ts'
import { Card } from './card.ts'

const draw: DrawCard = (asked, post, emit) => {
  const card = new Card(asked, post, emit)
  card.show()
  return card.host
}

;(window as any).tactful.card = draw
