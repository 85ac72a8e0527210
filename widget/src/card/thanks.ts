/** What is said at the end, to this person's band. What may be done there is drawn by `src/more`, as few surveys need it. */
import type { Asked, DrawActs, Listeners, Post, Thanks } from '../wire.ts'
import { controls } from './controls.ts'
import { element } from './element.ts'
import { icon, TICK } from './icon.ts'

export const drawThanks = (thanks: Partial<Thanks>, asked: Asked, post: Post, listeners: Listeners): HTMLElement =>
  element(
    'div',
    { class: 'thanks' },
    icon(TICK),
    element('p', { id: 'ask' }, thanks.title || asked.survey.words.thanks),
    thanks.text && element('p', { id: 'more' }, thanks.text),
    (controls as { acts?: DrawActs }).acts?.(thanks, asked, post, listeners),
  )
