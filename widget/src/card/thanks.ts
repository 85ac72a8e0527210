/** What is said at the end, to this person's band. */
import type { Thanks, Words } from '../wire.ts'
import { element } from './element.ts'
import { icon, TICK } from './icon.ts'

/** What the thanks need of the card. */
export interface Around {
  words: Words
}

export const drawThanks = ({ title, text }: Partial<Thanks>, { words }: Around): HTMLElement =>
  element(
    'div',
    { class: 'thanks' },
    icon(TICK),
    element('p', { id: 'ask' }, title || words.thanks),
    text && element('p', { id: 'more' }, text),
  )
