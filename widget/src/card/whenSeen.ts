const MOMENT_MS = 600

/** Call `seen` once when at least half of `card` has been in view for a moment. */
export const whenSeen = (card: Element, seen: () => void): void => {
  let timer: ReturnType<typeof setTimeout>
  const observer = new IntersectionObserver(
    (entries) => {
      clearTimeout(timer)
      if (!entries[entries.length - 1]!.isIntersecting) return
      timer = setTimeout(() => {
        if (document.hidden) return
        observer.disconnect()
        seen()
      }, MOMENT_MS)
    },
    { threshold: 0.5 },
  )
  observer.observe(card)
}
