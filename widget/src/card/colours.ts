const DEFAULT = '#3b5bdb'

/** Return `colour` if it is a plain `#rrggbb`, else the default accent: nothing else may reach the style sheet. */
export const plainColour = (colour: string): string => (/^#[\da-f]{6}$/i.test(colour) ? colour : DEFAULT)

/**
 * The text colour that is read best on `#rrggbb`: whichever of black and white has a contrast of 4.5 to 1 at least. A
 * power of 2.2 comes so near to the curve of WCAG's luminance that it is enough for any colour; the tests hold it to it.
 */
export const readableOn = (colour: string): string => {
  const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? '#000' : '#fff'
}
