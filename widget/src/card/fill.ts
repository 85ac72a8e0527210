/** Put numbers into one of our words, which say `{n}` and `{max}` where they belong. */
export const fill = (words: string, n: number, max?: unknown): string => words.replace('{n}', n as any).replace('{max}', max as any)
