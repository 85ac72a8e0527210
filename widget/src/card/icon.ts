const SVG = 'http://www.w3.org/2000/svg'

/** Paths on a field of 24 by 24; the faces from the worst to the best. */
export const STAR = 'm12 3 2.8 5.7 6.2.9-4.5 4.4 1.1 6.2-5.6-2.9-5.6 2.9 1.1-6.2L3 9.6l6.2-.9z'
export const FACES = ['17q4-5 8 0', '16q4-2 8 0', '15h8', '14q4 2 8 0', '14q4 5 8 0'].map((mouth) => 'M12 3a9 9 0 1 0 .1 0M9 9v1m6-1v1M8 ' + mouth)
export const THUMB = 'M7 11v9H4v-9zl4-8c2 0 3 1 2 4l-.6 3H19c1 0 2 1 2 2l-1 6c0 1-1 2-2 2H7'
export const TICK = 'm6 12 4 4 8-8'
export const CROSS = 'm7 7 10 10M7 17 17 7'

/** Draw `path`. It is decoration: what it means is said by the name of what it stands in. */
export const icon = (path: string): SVGElement => {
  const make = (name: string, attribute: string, value: string) => {
    const made = document.createElementNS(SVG, name) as SVGElement
    made.setAttribute(attribute, value)
    return made
  }
  const made = make('svg', 'viewBox', '0 0 24 24')
  made.setAttribute('aria-hidden', 'true')
  made.append(make('path', 'd', path))
  return made
}
