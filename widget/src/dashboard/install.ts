/**
 * The install page: what arrives is shown as it arrives, and samples can be copied.
 *
 * The live check is a piece of HTML that the server renders. It is fetched as a document, which runs and loads nothing,
 * and put in place of the old one. Without this script the page shows what had arrived when it was opened.
 */
import { addCopyButton } from '../shared/copyButton.ts'

const EVERY_MS = 2_000

/** Fetch a page of ours as a document; null when there is none (the session has ended, the server is away). */
const fetchPage = (address: string): Promise<Document | null> =>
  new Promise((resolve) => {
    const request = new XMLHttpRequest()
    request.open('GET', address)
    request.responseType = 'document'
    request.timeout = 5 * EVERY_MS
    request.onloadend = () => resolve(request.status === 200 && request.responseURL.endsWith(address) ? request.responseXML : null)
    request.send()
  })

const totalOf = (part: ParentNode): number => Number(part.querySelector<HTMLElement>('[data-total]')?.dataset['total'] ?? 0)

/** Put what the server says in place of what is shown, unless somebody is using it right now. */
const show = (live: HTMLElement, said: HTMLElement, fresh: Element): void => {
  if (live.contains(document.activeElement)) return
  const news = totalOf(fresh) - totalOf(live)
  live.replaceChildren(...[...fresh.childNodes].map((node) => document.importNode(node, true)))
  const newest = live.querySelector('.event')?.textContent
  if (news > 0 && newest) said.textContent = news === 1 ? `New event: ${newest}` : `${news} new events, the last is ${newest}`
}

const watch = (live: HTMLElement, said: HTMLElement): void => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = async (): Promise<void> => {
    const fresh = (await fetchPage(live.dataset['address'] ?? ''))?.getElementById('live')
    if (fresh) show(live, said, fresh)
    schedule()
  }
  const schedule = (): void => {
    clearTimeout(timer)
    if (!document.hidden) timer = setTimeout(() => void look(), EVERY_MS)
  }
  document.addEventListener('visibilitychange', schedule)
  schedule()
}

const live = document.getElementById('live')
const said = document.getElementById('live-said')
if (live && said) watch(live, said)
if (navigator.clipboard) document.querySelectorAll<HTMLElement>('.sample').forEach(addCopyButton)
