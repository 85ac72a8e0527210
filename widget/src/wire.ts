/**
 * What travels between the browser and the server (docs/design.md, "The wire"), as types.
 *
 * The server is the only authority: nothing here is validated again in the browser, unknown fields are ignored.
 */

/** The configuration that the server writes into the loader in place of its placeholder. */
export interface Config {
  /** Origin of the Tactful server, without a slash at its end. */
  api: string
  /** Signed pass of the project; valid for days, renewed by a 401 `pass_expired`. */
  pass: string
  /** Names of the events that a live survey watches; `page` stands for page views. */
  watch: string[]
  /** Whether tabs of identified people listen for what their backend says. */
  live: boolean
  /** What asks; where the card is, it knows. */
  tact: Pinned
  /** What tells the moments that a live survey waits for; absent where none does. */
  moments?: Pinned
}

/** A script and the hash that it must have. */
export interface Pinned {
  url: string
  integrity: string
}

export interface Identity {
  anonymous_id: string | undefined
  user_id: string | undefined
  user_hash?: string
  jwt?: string
}

export interface Context {
  page: string
  locale: string
  width: number
  /** Which tab this is. With an ask alone: it is told again to the tab that took it up. */
  visit?: string
}

export type Traits = Record<string, unknown>

export interface Message {
  message_id: string
  type: 'track' | 'identify' | 'group'
  event?: string
  properties?: Traits
  traits?: Traits
  group_id?: string
}

export interface Offer {
  token: string
  survey: string
  delay_ms: number
  quiet?: Quiet
  /** The id of the element without which nobody is asked. */
  target?: string
}

/** What moment a survey waits for, where its author says something else than the usual. */
export interface Quiet {
  /** How long nothing may have disturbed. */
  for_ms: number
  give_up_ms: number
  /** What is no disturbance. */
  despite: string[]
}

/** What the server may say to what is posted, besides other things. */
export interface Reply {
  offer?: Offer | null
  /** The live stream's client, where this person may listen. */
  live?: Pinned
}

/** How a card ended without a response; `seen` marks a card in view. */
export type Closing = 'seen' | 'dismissed' | 'not_rendered' | 'opted_out'

/** A text of the survey: one string, or one for each band. */
export type Text = string | { by: Record<string, string> }

/** An earlier question's id, an operator of `conditions.ts`, and what to compare with. */
export type AnswerCondition = [question: string, op: string, value: unknown]

/** A band and the highest score that belongs to it; bands go from the lowest to the highest. */
export type Band = [name: string, highest: number]

export interface Question {
  id: string
  kind: string
  control: string
  ask: Text
  required?: boolean
  if?: AnswerCondition | null
  min?: number
  max?: number
  low?: Text | null
  high?: Text | null
  bands?: Band[]
  placeholder?: Text | null
  /** Of a text, and of what somebody writes as an option of their own. */
  max_length?: number
  /** Lines of a text's field: 1 or 3. */
  rows?: number
  /** The id and label of each option, in the order to show. */
  options?: [id: string, label: Text][]
  /** The label of the option whose text people write themselves, under the answers' key `ID.other`. */
  other?: Text | null
  least?: number | null
  most?: number | null
  /** Days as YYYY-MM-DD. */
  earliest?: string | null
  latest?: string | null
  label?: Text | null
  link?: [label: Text, url: string] | null
  button?: Text | null
}

/** A score, a text or day, an option's id, the ids of several options, or true for consent. */
export type Answer = string | number | string[] | true
export type Answers = Record<string, Answer>

/** What somebody did with what the thanks offered. */
export type Click = 'action' | 'share' | 'copy' | 'coupon'

export interface Thanks {
  title: string
  text?: string | null
  /** A button that leads somewhere. */
  action?: { label: string; url: string }
  /** A text to pass on, with an address if it has one. */
  share?: { text: string; url?: string | null }
  coupon?: string
  /** Who promises what. */
  promise?: { by: string; text: string }
}

/** How the card looks. `target` is an element's id, given with the position `inline`; `radius` is in pixels. */
export interface Look {
  position: string
  accent: string
  scheme: string
  radius: number
  logo?: { url: string; alt: string } | null
  target?: string | null
}

export interface Survey {
  key: string
  version: number
  lang: string
  dir: 'ltr' | 'rtl'
  intro?: Text | null
  questions: Question[]
  thanks: Record<string, Thanks>
  look: Look
  /** The controls that few surveys need, where this one does. */
  more?: Pinned
  words: Words
}

/** Our own words on the card; the tables are server/tactful/core/languages. */
export type Words = Record<
  | 'close'
  | 'back'
  | 'send'
  | 'next'
  | 'skip'
  | 'dont_ask'
  | 'of'
  | 'thanks'
  | 'opted_out'
  | 'change'
  | 'required'
  | 'least'
  | 'most'
  | 'characters_left'
  | 'stars'
  | 'faces'
  | 'up'
  | 'down'
  | 'ranked'
  | 'rank_up'
  | 'rank_down'
  | 'other'
  | 'copy'
  | 'copied'
  | 'share'
  | 'promise'
  | 'coupon',
  string
>

/** The answer to a taken-up offer: a token for responses and closings, and the survey to draw. */
export interface Asked {
  ask: string
  /** Where this person sees and changes what they agreed to; ends after an hour. */
  preferences?: string
  survey: Survey
}

/** What listeners hear of; `before` has a say in asking, `ask` draws in the card's place. */
export type Happening = 'asked' | 'answered' | 'dismissed' | 'clicked' | 'before' | 'ask'

/** Store a request until the server has answered it, and send it. An entry with the same `id` is replaced. */
export type Post = (path: string, body: object, id?: string) => void

/** The page's own listeners, for the card to tell. */
export type Listeners = Iterable<[what: Happening, listener: (...told: any[]) => unknown]>

/** Draw what may be done with the thanks, if anything may. */
export type DrawActs = (thanks: Partial<Thanks>, asked: Asked, post: Post, listeners: Listeners) => HTMLElement | undefined

/** Draw the card and return its host element. Throws if it cannot be drawn; then nothing is left on the page. */
export interface DrawCard {
  (asked: Asked, post: Post, listeners: Listeners, load: (file: Pinned) => Promise<unknown>): HTMLElement
  /** Take controls of another file, and their style. */
  more?: (controls: object, css: string) => void
}

/** What a reply brings, or the key of the survey that somebody wishes to answer. */
export type Wanted = Reply & { show?: string }

/**
 * What the loader hands to what asks. `whose` stands for who is here: something else for somebody else, and false where
 * nothing may be asked. `attend` is to be called when the live stream's client has been loaded.
 */
export type Page = [
  scene: () => object,
  request: (path: string, body: object) => Promise<Record<string, any>>,
  post: Post,
  listeners: Listeners,
  whose: () => unknown,
  load: (pinned: Pinned) => Promise<unknown>,
  attend: () => void,
]

/** Ask what is wanted when the moment is right; called with nothing, take it all back. */
export type Tact = (...told: [] | [wanted: Wanted, ...page: Page]) => unknown

/** Send what has gathered and, with `ask`, ask what waits in any case. */
export type Flush = (ask: true) => void

/**
 * Look who is here now, and hear what waits for them. Called after everything that may have changed it. `written`
 * puts the pass of now into a body.
 */
export type Live = (user: Partial<Identity>, api: string, written: (body: object) => string, flush: Flush) => void
