import type { Pinned } from '../wire.ts'
import { nonce } from './script.ts'

/** Where Trusted Types rule, these are the rules of our policy, which nobody but `load` can reach. */
const rules = { createScriptURL: (url: string) => url }
let policy: typeof rules | undefined

/** Load a script, pinned by its hash. Resolves when it has run or failed; throws where the page refuses our policy. */
export const load = ({ url, integrity }: Pinned): Promise<unknown> => {
  policy ||= ((window as any).trustedTypes?.createPolicy('tactful', rules) as typeof rules | undefined) || rules
  return new Promise((resolve) =>
    document.head.append(
      Object.assign(document.createElement('script'), { crossOrigin: '', integrity, nonce, src: policy!.createScriptURL(url), onload: resolve, onerror: resolve }),
    ),
  )
}
