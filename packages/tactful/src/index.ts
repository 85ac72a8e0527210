/**
 * The page's side of Tactful. The widget itself comes from the service, always in its own version: what stands here
 * puts its script into the page and hands calls on. Importing this does nothing; without a page (on a server)
 * no function does; and none ever throws.
 */

export type Traits = Record<string, unknown>

/** Proves who is there: `user_hash` or `jwt`, made by your backend. */
export interface Proof {
  user_hash?: string
  jwt?: string
}

export interface Options {
  /** Where the service is: `https://surveys.example.com`. */
  host: string
  /** The project's public key. */
  key: string
  /** Load a script that is pinned by its hash, which is asked for first. */
  pinned?: boolean
  /** The nonce of the page's policy. */
  nonce?: string
  /** `wait`: store and send nothing until `consent(true)`. */
  consent?: 'wait'
  /** Any other `data-` attribute of the script tag, in camel case; what is no text is written as JSON. */
  [attribute: string]: unknown
}

/** What happens to a card. A listener of `before` that returns false, or a promise of it, keeps it from being asked. */
export type Happening = 'asked' | 'answered' | 'dismissed' | 'clicked' | 'before'

type Call = [name: string, ...args: unknown[]]
type Tactful = { (...call: Call): unknown; q?: unknown[] }
type TrustedUrls = { createScriptURL(url: string): string }
type Factory = { createPolicy(name: string, rules: TrustedUrls): TrustedUrls }
type Page = typeof globalThis & { tactful?: Tactful; trustedTypes?: Factory }

let begun = false

/** The script's own function or, until that has run, one that keeps calls for it, as the snippet's does. */
const tactful = (page: Page): Tactful => {
  const stub: Tactful = (...call) => void (stub.q ||= []).push(call)
  return (page.tactful ||= stub)
}

/** Hand a call on. What it returns, if anything, is the script's own answer. */
const call = (...args: Call): unknown => {
  if (typeof document != 'undefined') return tactful(globalThis as Page)(...args)
}

/** Where Trusted Types rule, a policy vouches for the address; another name than the script's, which may exist once. */
const trusted = (url: string): string => {
  const policy = (globalThis as Page).trustedTypes?.createPolicy('tactful-init', { createScriptURL: (one) => one })
  return policy ? policy.createScriptURL(url) : url
}

/** Put a script into the page: the attributes of its tag, and what its `data-` attributes say. */
const load = (url: string, attributes: Partial<HTMLScriptElement>, said: Record<string, unknown>): void => {
  const script = Object.assign(document.createElement('script'), { async: true, ...attributes })
  for (const [name, value] of Object.entries(said))
    if (value != null) script.dataset[name] = typeof value == 'string' ? value : JSON.stringify(value)
  script.src = trusted(url)
  document.head.append(script)
}

/** Load the widget, once in the life of a page; whatever is called again or on a server does nothing. */
export const init = ({ host, key, pinned, nonce = '', ...said }: Options): void => {
  if (typeof document == 'undefined' || begun) return
  begun = true
  tactful(globalThis as Page)
  const begin = async (): Promise<void> => {
    const address = `${host.replace(/\/+$/, '')}/w/${encodeURIComponent(key)}`
    if (!pinned) return load(address + '.js', { nonce }, said)
    const { loader } = await (await fetch(address + '.json')).json()
    load(loader.url, { nonce, integrity: loader.integrity, crossOrigin: '' }, { ...said, key })
  }
  // A service that is down or a policy that forbids the script: the browser says so, and the page goes on.
  begin().catch(() => {})
}

/** Say who is logged in, on every page. */
export const identify = (userId: string | number, traits?: Traits, proof?: Proof): void =>
  void call('identify', userId, traits, proof)

/** Say to which account this person belongs. */
export const group = (groupId: string | number, traits?: Traits): void => void call('group', groupId, traits)

/** Report an event; it leaves the page only if a live survey waits for it. */
export const track = (event: string, properties?: Traits): void => void call('track', event, properties)

/** Report a page view; single-page applications are noticed without it. */
export const page = (properties?: Traits): void => void call('page', properties)

/** Forget who was here: call it at log-out. */
export const reset = (): void => void call('reset')

/** Ask a survey now, because the person wants to give feedback. */
export const show = (survey: string): void => void call('show', survey)

/** Call `listener` whenever `what` happens. Returns its undo. */
export const on = (what: Happening, listener: (detail: any) => unknown): (() => void) => {
  let listens = true
  call('on', what, (detail: unknown) => (listens ? listener(detail) : undefined))
  return () => {
    listens = false
  }
}

/** Never ask this person again. */
export const optOut = (): void => void call('optOut')

/** Begin, where the page was told to wait for consent; or stop, and forget what this browser stored. */
export const consent = (given: boolean): void => void call('consent', given)
