const DEFAULT = '#3b5bdb'

/** Return `colour` if it is a plain `#rrggbb`, else the default accent: nothing else may reach the style sheet. */
export const plainColour = (colour: string): string => (/^#[\da-f]{6}$/i.test(colour) ? colour : DEFAULT)

/** Relative luminance (WCAG 2.2) of `#rrggbb`, 0..1. */
export const luminance = (colour: string): number => {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** The text colour that is read best on `#rrggbb`: at a luminance of 0.179 black and white contrast alike, 4.58 to 1. */
export const readableOn = (colour: string): string => (luminance(colour) > 0.179 ? '#000' : '#fff')

/** Tell whether `#rrggbb` stands out by 3 to 1 from the card's paper, as a ring round a field must (WCAG 1.4.11). */
export const standsOut = (colour: string, dark: boolean): boolean =>
  dark ? luminance(colour) > 0.144 : luminance(colour) < 0.3
