/**
 * The controls that a question can be drawn with: one table, by the `control` of its kind. A control is drawn into the
 * form and says what is answered now; `undefined` means nothing.
 */
import type { Answer, Question } from '../wire.ts'
import { element } from './element.ts'

export interface Control {
  /** The outermost element; the question's own text is inside, as its legend or label. */
  body: HTMLElement
  answer: () => Answer | undefined
  /** What receives the focus when the step is reached from within the card. */
  field: HTMLElement
}

export interface Drawing {
  question: Question
  /** The question, its ends and placeholder in the words for this person's band. */
  ask: string
  low: string
  high: string
  placeholder: string
  /** Call when a pointer has chosen, which needs no further button. */
  choose: () => void
}

/** A scale is a native radio group: the browser does names, arrows and the roving tab stop. */
const scale = ({ question, ask, low, high, choose }: Drawing): Control => {
  const { min = 0, max = 10, required } = question
  const radios: HTMLInputElement[] = []
  const targets = element('div', { class: 'scale' })
  for (let value = min; value <= max; value++) {
    const ends = value == min ? 'low' : value == max ? 'high' : null
    const radio = element('input', { type: 'radio', name: 'answer', value, required, 'aria-describedby': ends })
    radios.push(radio)
    targets.append(element('label', {}, radio, element('span', {}, value + '')))
  }
  // Arrow keys click as well, but without a pointer; who uses them confirms by the button or Enter.
  targets.onclick = (event) => {
    if (event.detail && event.target instanceof HTMLInputElement) choose()
  }
  return {
    body: element(
      'fieldset',
      { class: max - min > 6 ? 'long' : '' },
      element('legend', { id: 'ask' }, ask),
      element('span', { class: 'low', id: 'low' }, low),
      targets,
      element('span', { class: 'high', id: 'high' }, high),
    ),
    answer: () => {
      const chosen = radios.find(({ checked }) => checked)
      return chosen && +chosen.value
    },
    field: radios[0]!,
  }
}

const text = ({ question, ask, placeholder }: Drawing): Control => {
  const field = element('textarea', {
    id: 'field',
    rows: 3,
    maxlength: question.max_length,
    required: question.required,
    placeholder,
  })
  return {
    body: element('div', {}, element('label', { id: 'ask', for: 'field' }, ask), field),
    answer: () => field.value.trim() || undefined,
    field,
  }
}

export const controls: Record<string, (drawing: Drawing) => Control> = { scale, text }
