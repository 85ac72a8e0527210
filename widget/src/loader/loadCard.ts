import { card } from './config.ts'
import { nonce } from './script.ts'

/** The card's address; where Trusted Types rule, by a policy that lets only this one through. */
const trustedUrl = (): string => {
  const { trustedTypes } = window as any
  if (!trustedTypes) return card.url
  return trustedTypes.createPolicy('tactful', { createScriptURL: () => card.url }).createScriptURL('')
}

let loaded: Promise<unknown>

/** Load the card once, pinned by its hash. Resolves when it has run or failed; throws if the page refuses it. */
export const loadCard = (): Promise<unknown> => {
  if (loaded) return loaded
  const script = document.createElement('script')
  Object.assign(script, { crossOrigin: '', integrity: card.integrity, nonce, src: trustedUrl() })
  document.head.append(script)
  return (loaded = new Promise((resolve) => (script.onload = script.onerror = resolve)))
}
