import css from './style.css'
import { plainColour, readableOn, standsOut } from './colours.ts'

/** The page's own font; a page that never chose one shows a serif that nobody wants, so that counts as none. */
const pageFont = (): string => {
  const { fontFamily } = getComputedStyle(document.body)
  return (/^"?(times|serif)/i.test(fontFamily) ? '' : fontFamily + ',') + 'system-ui,sans-serif'
}

/**
 * Dress `root`. A constructed sheet is no inline style, so a strict `style-src` lets it pass; Safari before 16.4 has
 * none (https://caniuse.com/mdn-api_cssstylesheet_cssstylesheet) and gets a style element.
 */
export const dress = (root: ShadowRoot, accent: string, dark: boolean): void => {
  const colour = plainColour(accent)
  const ring = standsOut(colour, dark) ? colour : 'var(--ink)'
  const rules = `${css}.card{--accent:${colour};--on-accent:${readableOn(colour)};--ring:${ring};--font:${pageFont()}}`
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(rules)
    root.adoptedStyleSheets = [sheet]
  } catch {
    root.append(Object.assign(document.createElement('style'), { textContent: rules }))
  }
}
