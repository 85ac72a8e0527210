/** A consent that is given by a tick and by nothing else, with where to read what it means. */
import { element } from '../card/element.ts'
import { icon, TICK } from '../card/icon.ts'
import { isLink } from './isLink.ts'
import { type Control, type Drawing, group, option } from '../card/controls/control.ts'

export const consent = (drawing: Drawing): Control => {
  const { question, said, given } = drawing
  const { label, link, required } = question
  const field = element('input', { type: 'checkbox', required, checked: given })
  const reading = link && isLink(link[1]) && element('a', { href: link[1], target: '_blank', rel: 'noopener' }, said(link[0]))
  return {
    body: group(drawing, 'list', '', element('div', { class: 'rows' }, option(field, element('i', {}, icon(TICK)), said(label))), reading),
    answer: () => field.checked || undefined,
    field,
  }
}
