/**
 * The card: one question at a time in a shadow root of its own, never in the way.
 *
 * It is a dialog that takes no focus: it announces itself once, and only who has moved into it by hand or key is led
 * from step to step and back to where he was. The score is saved at the click and every later answer as a further
 * revision, so whatever ends the page, what was said is kept. Who goes back finds what he said; what he says instead is
 * a further revision too, without the answers to what is not asked any more. Closing by hand before a word is
 * `dismissed`. Inside an element of the page it is a region of that page rather than a dialog.
 */
import type { Answer, Answers, Asked, Happening, Listeners, Post, Text, Thanks } from '../wire.ts'
import { surveyBand, textFor } from './bands.ts'
import { controls } from './controls.ts'
import type { Control } from './controls/control.ts'
import { button, element } from './element.ts'
import { fill } from './fill.ts'
import { applying, nextQuestion, progress } from './flow.ts'
import { CROSS, icon } from './icon.ts'
import { logoOf, placeFor } from './look.ts'
import { dress } from './style.ts'
import { drawThanks } from './thanks.ts'
import { whenSeen } from './whenSeen.ts'

/** Thanks stay for so long, and for so much longer for every letter; hovered, focused, unseen or with something to do they stay. */
const THANKS_MS = 5_000
const LETTER_MS = 60

export class Card {
  readonly host = document.createElement('tactful-card')
  private _root = this.host.attachShadow({ mode: 'open' })
  private _content = element('div', { class: 'content' })
  private _live = element('p', { class: 'live', role: 'status' })
  private _card: HTMLElement
  private _place: Element
  private _control?: Control | undefined
  private _index = 0
  /** The questions that were gone through, to go back to. */
  private _path: number[] = []
  private _answers: Answers = applying([], {})
  private _rev = 0
  private _done = false
  private _before: HTMLElement | null = null
  private _timer: ReturnType<typeof setTimeout> | undefined
  /** How long the thanks stay; 0 while there is something to answer. */
  private _stay = 0

  constructor(
    private _asked: Asked,
    private _post: Post,
    private _listeners: Listeners,
  ) {
    const { look, words, lang, dir } = _asked.survey
    const place = placeFor(look)
    this._place = place || document.body
    this._card = element(
      'div',
      {
        class: 'card ' + (place || look.position != 'inline' ? look.position : ''),
        role: place ? 'region' : 'dialog',
        'aria-labelledby': 'ask',
        tabindex: -1,
        lang,
        dir,
        // Escape also ends what an input method is composing.
        onkeydown: ({ key, isComposing }: KeyboardEvent) => key == 'Escape' && !isComposing && this._close(),
      },
      logoOf(look),
      this._content,
      button('close', () => this._close(), { 'aria-label': words.close }, icon(CROSS)),
      this._live,
    )
    // The page's shortcuts look at the event's target to spare text fields; from here they would see only the host.
    for (const type of ['keydown', 'keyup', 'keypress']) this.host.addEventListener(type, (event) => event.stopPropagation())
    // At the host only a focus that comes from outside of it arrives.
    this.host.addEventListener('focusin', ({ relatedTarget }) => {
      this._before = (relatedTarget as HTMLElement) || this._before
    })
  }

  /** Draw the card and put it on the page. What nobody here can draw is not asked; nothing left: the ask is given back. */
  show(): void {
    const { survey } = this._asked
    survey.questions = survey.questions.filter(({ control }) => controls[control])
    if (!survey.questions[0]) return this._closing('not_rendered')
    dress(this._root, survey.look)
    this._root.append(this._card)
    this._step(nextQuestion(survey.questions, {}, 0))
    this._place.append(this.host)
    addEventListener('visibilitychange', this._onHide, true)
    addEventListener('pagehide', this._onHide, true)
    whenSeen(this._card, () => this._closing('seen'))
    setTimeout(() => this._announce(), 100)
    this._tell('asked')
  }

  private _onHide = (): void => {
    // The loader takes the card away when somebody else logs in.
    if (!this.host.isConnected || this._control?.answer() === undefined) return
    this._keep()
    this._save()
  }

  private _question() {
    return this._asked.survey.questions[this._index]!
  }

  /** Take what is answered now, or nothing where it cannot be taken. */
  private _keep(): void {
    const { answer, other, fault } = this._control!
    const { id } = this._question()
    const wrong = fault?.()
    const keep = (key: string, value: Answer | undefined): void => {
      if (!wrong && (value || value === 0)) this._answers[key] = value
      else delete this._answers[key]
    }
    keep(id, answer())
    keep(id + '.other', other?.())
    this._answers = applying(this._asked.survey.questions, this._answers)
  }

  /** Draw the question at `index`, or the thanks after the last. */
  private _step(index: number): void {
    if (index < 0) return this._thank()
    const { questions, words, intro } = this._asked.survey
    this._index = index
    const question = this._question()
    const band = surveyBand(questions, this._answers)
    const said = (text: Text | null | undefined) => textFor(text, band)
    const given = this._answers[question.id]
    const control = (this._control = controls[question.control]!({
      question,
      words,
      said,
      given,
      other: this._answers[question.id + '.other'],
      choose: () => this._submit(),
      say: (text) => (this._live.textContent = text),
    }))
    const waits = control.quick && given === undefined
    const label = said(question.button) || (index == questions.length - 1 ? words.send : words.next)
    // Not `submit`, which a sandboxed frame never hears of; Enter in a field clicks the button too.
    const onclick = (event: Event): void => {
      event.preventDefault()
      this._submit()
    }
    const primary = element('button', { class: 'primary', hidden: waits, onclick }, label)
    const lead = !this._path.length && said(intro) && element('p', { class: 'intro', id: 'more' }, said(intro))
    const form = element(
      'form',
      {
        oninput: () => {
          primary.hidden = false
          this._blame()
        },
      },
      lead,
      control.body,
      this._foot(primary, waits && index > 0 && !question.required),
    )
    this._replace(form)
    this._blame()
  }

  private _foot(primary: HTMLElement, skippable: boolean | undefined): HTMLElement {
    const { words, questions } = this._asked.survey
    const { n, max } = progress(questions, this._answers, this._index, this._path.length)
    return element(
      'div',
      { class: 'foot' },
      button('quiet', () => this._optOut(), {}, words.dont_ask),
      element('span', { class: 'n' }, max > 1 && fill(words.of, n, max)),
      n > 1 && button('quiet', () => this._back(), {}, words.back),
      skippable && button('quiet skip', () => this._advance(), {}, words.skip),
      primary,
    )
  }

  /** Show `main` in place of what was there; the focus follows only if it was inside. */
  private _replace(main: HTMLElement): void {
    const inside = this._root.activeElement
    this._content.replaceChildren(main)
    this._card.setAttribute('aria-describedby', this._root.getElementById('more') ? 'more' : '')
    this._card.scrollTop = 0
    if (!inside) return
    // On a touch screen the focus in a field would throw the keyboard over the card.
    const field = !matchMedia('(pointer:coarse)').matches && this._control?.field
    ;(field || this._card).focus({ preventScroll: true })
  }

  /** Go on, unless something is missing. */
  private _submit(): void {
    const { answer, fault, field } = this._control!
    const missing = this._question().required && answer() === undefined
    const wrong = fault?.() || (missing && this._asked.survey.words.required)
    this._blame(wrong)
    if (!wrong) this._advance()
    else if (this._root.activeElement) field?.focus()
  }

  /** Say what is wrong with the answer, or nothing any more. */
  private _blame(wrong?: string | false): void {
    const { body, field } = this._control!
    const find = (id: string) => this._root.getElementById(id)
    find('wrong')?.remove()
    if (wrong) body.append(element('p', { id: 'wrong', role: 'alert' }, wrong))
    // A group or a field of words; a single radio or button is never what is wrong.
    const named = find('field') || body
    named.setAttribute('aria-describedby', ['hint', 'wrong'].filter(find).join(' '))
    if (named == field) named.setAttribute('aria-invalid', !!wrong + '')
  }

  private _advance(): void {
    this._keep()
    const next = nextQuestion(this._asked.survey.questions, this._answers, this._index + 1)
    this._path.push(this._index)
    this._done = next < 0
    this._save()
    // Gone through to the end without a word.
    if (this._done && !this._rev) this._closing('dismissed')
    this._tell(this._rev ? 'answered' : 'dismissed')
    this._step(next)
  }

  /** Return to the question before; what was begun here is kept. */
  private _back(): void {
    this._keep()
    this._save()
    this._step(this._path.pop()!)
  }

  /** Send all that was said; where there is nothing to answer, having read it is the response. */
  private _save(): void {
    const { ask, survey } = this._asked
    const answers = { ...this._answers }
    const nothing = !Object.keys(answers).length && survey.questions.some(({ control }) => control != 'info')
    if (this._rev || !nothing) this._post('responses', { ask, rev: ++this._rev, answers, done: this._done }, '!' + ask.slice(-24))
  }

  private _closing(how: string): void {
    this._post('closings', { ask: this._asked.ask, how })
  }

  /** Tell the page's listeners in a turn of their own: what they throw is theirs, and nothing of ours stops. */
  private _tell(what: Happening): void {
    const detail = { survey: this._asked.survey.key, answers: { ...this._answers }, done: this._done }
    for (const [wanted, listener] of this._listeners) if (wanted == what) setTimeout(listener, 0, detail)
  }

  private _thank(thanks: Partial<Thanks> = this._thanks()): void {
    this._done = true
    this._control = undefined
    const inside = this._root.activeElement
    this._replace(drawThanks(thanks, this._asked, this._post, this._listeners))
    if (!inside) this._announce()
    this._stay = THANKS_MS + LETTER_MS * (this._content.textContent || '').length
    this._linger()
  }

  private _thanks(): Partial<Thanks> {
    const { thanks, questions } = this._asked.survey
    return thanks[surveyBand(questions, this._answers)!] || thanks.else || {}
  }

  /** Leave by itself after the thanks, once nobody is about to read or use them. */
  private _linger(): void {
    clearTimeout(this._timer)
    this._timer = setTimeout(() => {
      const busy = document.hidden || this._card.matches(':hover') || this._root.querySelector('.acts,:focus-visible')
      if (busy) this._linger()
      else this._remove()
    }, this._stay)
  }

  private _announce(): void {
    this._live.textContent = ['more', 'ask'].map((id) => this._root.getElementById(id)?.textContent || '').join(' ')
  }

  private _optOut(): void {
    this._end('opted_out')
    const { survey, preferences } = this._asked
    this._thank({ title: survey.words.opted_out })
    if (preferences) this._content.firstChild!.appendChild(button('quiet', () => open(preferences), {}, survey.words.change))
  }

  private _close(): void {
    if (!this._stay) this._end('dismissed')
    this._remove()
  }

  /** Nothing more will be said: a response becomes final; without one, or against all asking, `how` is kept. */
  private _end(how: string): void {
    const spoken = this._rev
    if (spoken && !this._done) {
      this._done = true
      this._save()
    }
    if (!spoken || how == 'opted_out') this._closing(how)
    if (!spoken) this._tell('dismissed')
  }

  private _remove(): void {
    clearTimeout(this._timer)
    removeEventListener('visibilitychange', this._onHide, true)
    removeEventListener('pagehide', this._onHide, true)
    const inside = this._root.activeElement
    this.host.remove()
    if (inside) this._before?.focus({ preventScroll: true })
  }
}
