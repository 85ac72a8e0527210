import { card } from './config.ts'
import { nonce } from './script.ts'

/** Where Trusted Types rule, these are the rules of our policy: one address comes through. */
const rules = { createScriptURL: (_: string) => card.url }

/** The card's address as the page's policies want it. Throws where they refuse our policy. */
export const cardUrl = (): string => {
  const { trustedTypes } = window as any
  return (trustedTypes ? (trustedTypes.createPolicy('tactful', rules) as typeof rules) : rules).createScriptURL('')
}

/** Load the card from `src`, pinned by its hash. Resolves when it has run or failed. */
export const loadCard = (src: string): Promise<unknown> =>
  new Promise((resolve) => {
    const script = document.createElement('script')
    const { integrity } = card
    document.head.append(Object.assign(script, { crossOrigin: '', integrity, nonce, src, onload: resolve, onerror: resolve }))
  })
