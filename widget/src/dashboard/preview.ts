/**
 * Draws a survey in the card on a page of nobody's. It stands for the loader: it hands the card what the server would
 * have told, and what the card would post goes nowhere.
 */
import type { Asked, DrawCard, Pinned } from '../wire.ts'

declare global {
  interface Window {
    tactful: { card?: DrawCard }
  }
}

/** The card adds itself to it. */
window.tactful = {}

let host: HTMLElement | undefined

/** As the loader does it, under the name that the page's policy allows. */
const rules = { createScriptURL: (url: string) => url }
const policy = ((window as any).trustedTypes?.createPolicy('tactful', rules) as typeof rules | undefined) || rules

const load = ({ url, integrity }: Pinned): Promise<unknown> =>
  new Promise((resolve) => {
    const src = policy.createScriptURL(url)
    const script = Object.assign(document.createElement('script'), { crossOrigin: '', integrity, src, onload: resolve, onerror: resolve })
    document.head.append(script)
  })

/** Draw it anew: a card changes what it was handed. */
const show = (): void => {
  const asked = JSON.parse(document.body.dataset['asked'] ?? '') as Asked
  host?.remove()
  host = window.tactful.card?.(asked, () => {}, [], load)
}

document.addEventListener('DOMContentLoaded', show)
document.getElementById('again')?.addEventListener('click', show)
