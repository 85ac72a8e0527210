/** Scales of numbers, stars, faces and thumbs: native radio groups, so that the browser does names, arrows and the tab stop. */
import type { Question } from '../../wire.ts'
import { type Child, element } from '../element.ts'
import { fill } from '../fill.ts'
import { FACES, icon, STAR, THUMB } from '../icon.ts'
import { chosenOf, type Control, type Drawing, group, onPointer, option } from './control.ts'

/** What a step looks like, and what it is called where that is not its number. */
type Step = (value: number, drawing: Drawing) => [seen: Child, name?: string]

const steps =
  (kind: string, step: Step) =>
  (drawing: Drawing): Control => {
    const { question, said, given, choose } = drawing
    const { min, max, required } = question as Question & { min: number; max: number }
    const ends = { [min]: said(question.low), [max]: said(question.high) }
    const radios: HTMLInputElement[] = []
    const targets = element('div', { class: 'scale', onclick: onPointer(choose) })
    for (let value = min; value <= max; value++) {
      const [seen, name] = step(value, drawing)
      const radio = element('input', {
        type: 'radio',
        name: 'answer',
        value,
        required,
        checked: value === given,
        'aria-label': name,
        'aria-describedby': ends[value] && 'end' + value,
      })
      radios.push(radio)
      targets.append(option(radio, seen))
    }
    const end = (value: number): Child => ends[value] && element('span', { id: 'end' + value }, ends[value])
    return {
      body: group(drawing, max - min > 6 ? kind + ' long' : kind, '', end(min), targets, end(max)),
      answer: () => {
        const chosen = chosenOf(radios)
        return chosen && +chosen.value
      },
      field: chosenOf(radios) || radios[0],
      quick: true,
    }
  }

export const scale = steps('', (value) => [value + ''])
export const stars = steps('stars', (value, { question, words }) => [icon(STAR), fill(words.stars, value, question.max)])
export const faces = steps('', (value, { words }) => [icon(FACES[value - 1]!), words.faces.split('|')[value - 1]])
export const thumbs = steps('thumbs', (value, { words }) => [icon(THUMB), value ? words.up : words.down])
