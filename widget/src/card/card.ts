/**
 * The card: one question at a time in a shadow root of its own, never in the way.
 *
 * It is a dialog that takes no focus: it announces itself once, and only who has moved into it by hand or key is led
 * from step to step and back to where he was. The score is saved at the click and every later answer as a further
 * revision, so whatever ends the page, what was said is kept. Closing by hand before a word is `dismissed`.
 */
import type { Answers, Asked, Happening, Listeners, Post, Thanks } from '../wire.ts'
import { surveyBand, textFor } from './bands.ts'
import { controls, type Control } from './controls.ts'
import { element } from './element.ts'
import { nextQuestion, progress } from './flow.ts'
import { dress } from './style.ts'
import { whenSeen } from './whenSeen.ts'

/** Thanks stay for so long, and for so much longer for every letter; hovered, focused or unseen they stay. */
const THANKS_MS = 5_000
const LETTER_MS = 60

export class Card {
  readonly host = document.createElement('tactful-card')
  private _root = this.host.attachShadow({ mode: 'open' })
  private _content = element('div')
  private _live = element('p', { class: 'live', role: 'status' })
  private _card: HTMLElement
  private _control?: Control | undefined
  private _index = 0
  private _answers: Answers = {}
  private _rev = 0
  private _done = false
  private _hovered = false
  private _before: HTMLElement | null = null
  private _timer: ReturnType<typeof setTimeout> | undefined
  private _stay = 0

  constructor(
    private _asked: Asked,
    private _post: Post,
    private _listeners: Listeners,
  ) {
    const { survey } = _asked
    const { position, scheme, accent } = survey.look
    const dark = scheme == 'dark' || (scheme != 'light' && matchMedia('(prefers-color-scheme:dark)').matches)
    const close = element('button', { type: 'button', class: 'close', 'aria-label': survey.words.close })
    close.onclick = () => this._close()
    this._card = element(
      'div',
      {
        class: `card ${position} ${dark ? 'dark' : ''}`,
        role: 'dialog',
        'aria-labelledby': 'ask',
        tabindex: -1,
        lang: survey.lang,
        dir: survey.dir,
      },
      this._content,
      close,
      this._live,
    )
    dress(this._root, accent, dark)
    this._root.append(this._card)
    this._step(nextQuestion(survey.questions, {}, 0))
    this._watch()
  }

  /** Put the finished card on the page. */
  show(): void {
    document.body.append(this.host)
    addEventListener('visibilitychange', this._onHide, true)
    addEventListener('pagehide', this._onHide, true)
    whenSeen(this._card, () => this._closing('seen'))
    setTimeout(() => this._announce(), 100)
    this._tell('asked')
  }

  private _watch(): void {
    const { host, _card } = this
    // The page's shortcuts look at the event's target to spare text fields; from here they would see only the host.
    for (const type of ['keydown', 'keyup', 'keypress']) host.addEventListener(type, (event) => event.stopPropagation())
    _card.onkeydown = ({ key }) => {
      if (key == 'Escape') this._close()
    }
    // At the host only a focus that comes from outside of it arrives.
    host.addEventListener('focusin', ({ relatedTarget }) => {
      this._before = (relatedTarget as HTMLElement) || this._before
    })
    _card.onpointerenter = () => (this._hovered = true)
    _card.onpointerleave = () => this._linger((this._hovered = false))
    _card.addEventListener('focusout', () => this._linger())
  }

  private _onHide = (): void => {
    // The loader takes the card away when somebody else logs in.
    if (!this.host.isConnected) return
    if (!document.hidden && this._done) return this._linger()
    const draft = this._control?.answer()
    if (draft !== undefined) this._save({ ...this._answers, [this._question().id]: draft })
  }

  private _question() {
    return this._asked.survey.questions[this._index]!
  }

  /** Draw the question at `index`, or the thanks after the last. */
  private _step(index: number): void {
    if (index < 0) return this._thank()
    const { survey } = this._asked
    const { questions, words } = survey
    const last = index == questions.length - 1
    this._index = index
    const question = this._question()
    const band = surveyBand(questions, this._answers)
    const said = (text: typeof question.low) => textFor(text, band)
    this._control = controls[question.control]!({
      question,
      ask: said(question.ask),
      low: said(question.low),
      high: said(question.high),
      placeholder: said(question.placeholder),
      choose: () => this._submit(),
    })
    const scaled = question.control == 'scale'
    const primary = element('button', { class: 'primary', hidden: scaled }, last ? words.send : words.next)
    const form = element('form', {}, this._control.body, this._foot(primary, scaled && index > 0 && !question.required))
    // Not `submit`, which a sandboxed frame never hears of; Enter in a field clicks the button too.
    primary.onclick = (event) => {
      event.preventDefault()
      if (form.reportValidity()) this._submit()
    }
    form.oninput = () => (primary.hidden = false)
    this._replace(index ? '' : said(survey.intro), form)
  }

  private _foot(primary: HTMLElement, skippable: boolean): HTMLElement {
    const { words, questions } = this._asked.survey
    const never = element('button', { type: 'button', class: 'quiet' }, words.dont_ask)
    never.onclick = () => this._optOut()
    const skip = skippable && element('button', { type: 'button', class: 'quiet' }, words.skip)
    if (skip) skip.onclick = () => this._submit()
    const { n, max } = progress(questions, this._answers, this._index)
    const of = max > 1 && words.of.replace('{n}', n + '').replace('{max}', max + '')
    return element('div', { class: 'foot' }, never, element('span', { class: 'n' }, of), skip, primary)
  }

  /** Show `main` in place of what was there; the focus follows only if it was inside. */
  private _replace(intro: string, main: HTMLElement): void {
    const inside = this._root.activeElement
    const lead = intro && element('p', { class: 'intro', id: 'more' }, intro)
    this._content.replaceChildren(...[lead, main].filter((one): one is HTMLElement => !!one))
    this._card.toggleAttribute('aria-describedby', false)
    if (this._root.getElementById('more')) this._card.setAttribute('aria-describedby', 'more')
    this._card.scrollTop = 0
    if (!inside) return
    // On a touch screen the focus in a field would throw the keyboard over the card.
    const field = !matchMedia('(pointer:coarse)').matches && this._control?.field
    ;(field || this._card).focus({ preventScroll: true })
  }

  private _submit(): void {
    const { questions } = this._asked.survey
    const { id } = this._question()
    const answer = this._control!.answer()
    if (answer === undefined) delete this._answers[id]
    else this._answers[id] = answer
    const next = nextQuestion(questions, this._answers, this._index + 1)
    this._done = next < 0
    this._save(this._answers)
    // Gone through to the end without a word.
    if (this._done && !this._rev) this._closing('dismissed')
    this._tell(this._rev ? 'answered' : 'dismissed')
    this._step(next)
  }

  private _save(answers: Answers): void {
    if (!Object.keys(answers).length) return
    const { ask } = this._asked
    this._post('responses', { ask, rev: ++this._rev, answers: { ...answers }, done: this._done }, '!' + ask.slice(-24))
  }

  private _closing(how: string): void {
    this._post('closings', { ask: this._asked.ask, how })
  }

  /** Tell the page's listeners in a turn of their own: what they throw is theirs, and nothing of ours stops. */
  private _tell(what: Happening): void {
    const detail = { survey: this._asked.survey.key, answers: { ...this._answers }, done: this._done }
    for (const [wanted, listener] of this._listeners) if (wanted == what) setTimeout(listener, 0, detail)
  }

  private _thank({ title, text }: Partial<Thanks> = this._thanks()): void {
    this._done = true
    this._control = undefined
    const heading = element('p', { id: 'ask' }, title || this._asked.survey.words.thanks)
    const more = text && element('p', { id: 'more' }, text)
    const inside = this._root.activeElement
    this._replace('', element('div', { class: 'thanks' }, heading, more))
    if (!inside) this._announce()
    this._stay = THANKS_MS + LETTER_MS * (this._content.textContent || '').length
    this._linger()
  }

  private _thanks(): Partial<Thanks> {
    const { thanks, questions } = this._asked.survey
    return thanks[surveyBand(questions, this._answers)!] || thanks.else || {}
  }

  /** Leave by itself after the thanks, when nobody is about to read or use them. */
  private _linger(_?: unknown): void {
    clearTimeout(this._timer)
    if (!this._stay) return
    this._timer = setTimeout(() => {
      if (!this._hovered && !document.hidden && !this._root.querySelector(':focus-visible')) this._remove()
    }, this._stay)
  }

  private _announce(): void {
    this._live.textContent = ['more', 'ask'].map((id) => this._root.getElementById(id)?.textContent || '').join(' ')
  }

  private _optOut(): void {
    this._end('opted_out')
    this._thank({ title: this._asked.survey.words.opted_out })
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
      this._save(this._answers)
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
