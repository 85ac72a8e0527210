import { card } from './config.ts'
import { nonce } from './script.ts'

/** Where Trusted Types rule, these are the rules of our policy: one address comes through. */
const rules = { createScriptURL: (_: string) => card.url }

/** Load the card, pinned by its hash. Resolves when it has run or failed; throws if the page's policy refuses it. */
export const loadCard = (): Promise<unknown> => {
  const policy: typeof rules = (window as any).trustedTypes?.createPolicy('tactful', rules) || rules
  const said = { crossOrigin: '', integrity: card.integrity, nonce, src: policy.createScriptURL('') }
  return new Promise((resolve) =>
    document.head.append(
      Object.assign(document.createElement('script'), said, { onload: resolve, onerror: resolve }),
    ),
  )
}
