import type { Look } from '../wire.ts'
import { plainColour, readableOn } from './colours.ts'
import css from './style.css'

const LIGHT = 'paper:#fff;ink:#15171c;soft:#5a616e;edge:#868c98;chip:#f1f2f5;bad:#c02626;hair:#14161f12;shade:#14161f33'
const DARK = 'paper:#1e2026;ink:#f4f5f7;soft:#aab0bd;edge:#777e8c;chip:#2c2f37;bad:#ff9a94;hair:#ffffff1f;shade:#000b'

/** The page's own font; a page that never chose one shows a serif that nobody wants, so that counts as none. */
const pageFont = (): string => {
  const { fontFamily } = getComputedStyle(document.body)
  return (/^"?(times|serif)/i.test(fontFamily) ? '' : fontFamily + ',') + 'system-ui,sans-serif'
}

let more = ''

/** Add `rules` for controls of another file to what the cards drawn from now on are dressed by. */
export const addStyle = (rules: string): void => {
  more += rules
}

/**
 * Dress `root`. Colours and sizes are properties of the host element, where the page's own style for `tactful-card`
 * comes before ours. A constructed sheet is no inline style, so a strict `style-src` lets it pass; Safari before 16.4
 * has none (https://caniuse.com/mdn-api_cssstylesheet_cssstylesheet) and gets a style element.
 */
export const dress = (root: ShadowRoot, { scheme, accent, radius }: Look): void => {
  const dark = scheme == 'dark' || (scheme != 'light' && matchMedia('(prefers-color-scheme:dark)').matches)
  const colour = plainColour(accent)
  const own = `${dark ? DARK : LIGHT};accent:${colour};on-accent:${readableOn(colour)};ring:var(--tactful-ink);radius:${+radius}px;font:${pageFont()}`
  const rules = `${css}${more}:host{color-scheme:${dark ? 'dark' : 'light'}!important;${own.replace(/(^|;)/g, '$1--tactful-')}}`
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(rules)
    root.adoptedStyleSheets = [sheet]
  } catch {
    root.append(Object.assign(document.createElement('style'), { textContent: rules }))
  }
}
