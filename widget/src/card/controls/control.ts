import type { Answer, Question, Text, Words } from '../../wire.ts'
import { type Child, element } from '../element.ts'

/** A question as it stands in the form. */
export interface Control {
  /** The outermost element; the question's own text is inside, as its legend or label. */
  body: HTMLElement
  /** What is answered now; undefined means nothing. */
  answer: () => Answer | undefined
  /** What was written beside `other`. */
  other?: () => string | undefined
  /** Why what is answered now cannot be taken, in words; empty if it can. */
  fault?: () => string | false | undefined
  /** What receives the focus when the step is reached from within the card, or when something is missing. */
  field?: HTMLElement | undefined
  /** Going on needs no button until a key has chosen: a pointer's choice goes on by itself. */
  quick?: boolean
}

/** What a control may use to draw itself. */
export interface Drawing {
  question: Question
  words: Words
  /** A text in the words for this person's band. */
  said: (text: Text | null | undefined) => string
  /** What was answered before, by who came back. */
  given: any
  other: Answer | undefined
  /** Call when a pointer has chosen, which needs no further button. */
  choose: () => void
  /** Tell who does not see it what has changed. */
  say: (text: string) => void
}

/** The question's text as the name of a group of fields, which `hint` describes. */
export const group = ({ question, said }: Drawing, kind: string, hint: Child, ...inside: Child[]): HTMLElement =>
  element('fieldset', { class: kind }, element('legend', { id: 'ask' }, said(question.ask)), hint && element('p', { id: 'hint' }, hint), ...inside)

/** The question's text as the label of one field. */
export const labelled = ({ question, said }: Drawing, field: HTMLElement, after?: Child): HTMLElement =>
  element('div', {}, element('label', { id: 'ask', for: 'field' }, said(question.ask)), field, after)

/** A native radio or checkbox that covers its label, so that what is seen may look like anything. */
export const option = (input: HTMLInputElement, ...seen: Child[]): HTMLElement => element('label', {}, input, element('span', {}, ...seen))

/** The input that is chosen, or else the first: where the focus goes. */
export const chosenOf = (inputs: HTMLInputElement[]): HTMLInputElement | undefined => inputs.find(({ checked }) => checked)

/** Listen for the click of a pointer. Arrow keys click as well, but without one; who uses them confirms by Enter. */
export const onPointer =
  (choose: (chosen: HTMLInputElement) => unknown) =>
  ({ detail, target }: MouseEvent): unknown =>
    detail && target instanceof HTMLInputElement && choose(target)
