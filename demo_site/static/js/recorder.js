/**
 * The panel's ear: notes what the page tells the widget and what the widget and Tactful say to each other.
 *
 * It is the first script of the page, so that nothing is missed, and no part of a product: it stands between the
 * page and the network as a browser's developer tools do, passes everything on unchanged and never fails a call.
 * What it notes waits until the panel comes to `listen`.
 */
{
  const root = document.documentElement
  const api = document.currentScript.dataset.tactful + '/w/'
  const waiting = []
  let listener = (note) => waiting.push(note)
  let requests = 0

  const note = (what) => {
    try {
      listener({ at: Date.now(), ...what })
    } catch (error) {
      console.warn('Lantern: the panel failed', error)
    }
  }
  const parsed = (text) => {
    try {
      return JSON.parse(text)
    } catch {
      return {}
    }
  }

  /** Hear along with the widget what its live stream says: one nudge is one note. */
  const hearAlong = async (stream, about) => {
    const reader = stream.getReader()
    const decoder = new TextDecoder()
    for (let piece; !(piece = await reader.read()).done; ) {
      const text = decoder.decode(piece.value, { stream: true })
      if (text.includes('event: nudge')) note({ kind: 'nudge', ...about })
    }
  }

  const { fetch, navigator } = window
  window.fetch = (input, init) => {
    const answer = fetch.call(window, input, init)
    const url = String(input?.url ?? input)
    if (!url.startsWith(api) || init?.method !== 'POST') return answer
    const about = { request: ++requests, path: url.slice(api.length), body: parsed(init.body) }
    if (about.path === 'live') {
      answer.then((reply) => reply.ok && reply.body && hearAlong(reply.clone().body, about)).catch(() => {})
      return answer
    }
    note({ kind: 'request', ...about })
    answer
      .then(async (reply) => ({ status: reply.status, said: parsed(await reply.clone().text()) }))
      .catch(() => ({ status: 0, said: {} }))
      .then((told) => note({ kind: 'reply', ...about, ...told }))
    return answer
  }
  const beacon = navigator.sendBeacon.bind(navigator)
  navigator.sendBeacon = (url, data) => {
    if (String(url).startsWith(api)) note({ kind: 'beacon', path: String(url).slice(api.length), body: parsed(data) })
    return beacon(url, data)
  }

  document.addEventListener('lantern:track', (event) => note({ kind: 'track', ...event.detail }))
  document.addEventListener(
    'click',
    (event) => {
      const tracked = event.target.closest?.('[data-tactful-track]')
      if (!tracked) return
      const { tactfulTrack: name, tactfulProperties: properties = '{}' } = tracked.dataset
      note({ kind: 'track', name, properties: parsed(properties) })
    },
    true,
  )

  window.lanternRecorder = {
    /** Hand over everything noted so far, and from now on every note as it is taken. */
    listen(next) {
      listener = next
      waiting.splice(0).forEach(note)
    },
  }

  // Told before anything is drawn, so that the page is laid out once.
  let folded = matchMedia('(max-width: 69.99rem)').matches
  try {
    const chosen = sessionStorage.getItem('lantern-panel')
    if (chosen) folded = chosen === 'folded'
  } catch {
    // The panel then starts as the screen suggests.
  }
  root.dataset.panel = folded ? 'folded' : 'open'
}
