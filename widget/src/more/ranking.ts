/**
 * Options in order. Pressing one puts it behind those that are in order already, pressing it again takes it out; two
 * buttons beside it move it. So nothing has to be dragged, no order is suggested by the one they come in, and a few of
 * many can be ranked. The focus stays on the button, and where its option now stands is told.
 */
import { button, element } from '../card/element.ts'
import { fill } from '../card/fill.ts'
import { icon } from '../card/icon.ts'
import { type Control, type Drawing, group } from '../card/controls/control.ts'

const UP = 'm6 15 6-6 6 6'
const DOWN = 'm6 9 6 6 6-6'

export const ranking = (drawing: Drawing): Control => {
  const { question, words, said, given, say } = drawing
  const { options = [] } = question
  const most = question.most || options.length
  const ranked: string[] = [...(given || [])]
  const list = element('div', { class: 'rows' })
  /** Do what `made` is for, show it, and leave the focus where it was although its row may have moved. */
  const press = (made: HTMLElement, action: () => void): HTMLElement => {
    made.onclick = ({ detail }) => {
      action()
      arrange()
      // Keys lead to where it now stands; a pointer stays where it is, and so does what lies under it.
      made.focus({ preventScroll: !!detail })
    }
    return made
  }
  const rows = options.map(([id, written]) => {
    const label = said(written)
    const place = (): number => ranked.indexOf(id)
    /** Put the option `at` a place, if that place is there. */
    const move = (at: number): void => {
      if (at < 0 || at >= Math.min(most, ranked.length + (place() < 0 ? 1 : 0))) return
      if (place() >= 0) ranked.splice(place(), 1)
      ranked.splice(at, 0, id)
      say(fill(words.ranked, at + 1, most).replace('{option}', label))
    }
    const mover = (path: string, name: string, by: number): HTMLElement =>
      press(button('move', () => {}, { 'aria-label': `${name}: ${label}` }, icon(path)), () => move(place() + by))
    const badge = element('i')
    const toggle = press(button('rank', () => {}, {}, badge, label), () => {
      if (place() < 0) move(ranked.length)
      else ranked.splice(place(), 1)
    })
    const up = mover(UP, words.rank_up, -1)
    const down = mover(DOWN, words.rank_down, 1)
    const draw = (): void => {
      const at = place()
      badge.textContent = at < 0 ? '' : at + 1 + ''
      up.hidden = down.hidden = at < 0
      toggle.ariaPressed = at >= 0 ? 'true' : 'false'
      for (const [made, off] of [
        [toggle, at < 0 && ranked.length >= most],
        [up, !at],
        [down, at == ranked.length - 1],
      ] as const)
        made.setAttribute('aria-disabled', off + '')
    }
    return { row: element('div', { class: 'row' }, toggle, up, down), draw, place, toggle }
  })
  const arrange = (): void => {
    for (const { draw } of rows) draw()
    const places = rows.map(({ place, row }, index) => [place() < 0 ? rows.length + index : place(), row] as const)
    list.append(...places.sort(([one], [other]) => one - other).map(([, row]) => row))
  }
  arrange()
  return {
    body: group(drawing, 'list', most < options.length && fill(words.most, most), list),
    answer: () => (ranked[0] ? [...ranked] : undefined),
    field: rows[0]?.toggle,
  }
}
