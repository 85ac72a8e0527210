import type { DrawCard } from '../wire.ts'
import { Card } from './card.ts'
import { controls } from './controls.ts'
import { addStyle } from './style.ts'

declare const tactful: { card: DrawCard }

const draw: DrawCard = (asked, post, listeners, load) => {
  const card = new Card(asked, post, listeners)
  const { more } = asked.survey
  // It is on its way from here on, and nobody is to be asked anything else.
  if (more) {
    document.body.append(card.host)
    load(more).then(() => card.show())
  } else card.show()
  return card.host
}

draw.more = (added, css) => {
  addStyle(css)
  Object.assign(controls, added)
}

tactful.card = draw
