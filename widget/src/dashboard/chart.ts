/**
 * The trend of a score with its interval as a band, drawn from the table beside it.
 *
 * Drawn by Chart.js: of the libraries that draw bands and tooltips it is the one that is released often (4.6.1 in
 * October 2026), can be taken in parts (50 kB of brotli with all that is used here), makes no HTML from text and no
 * style elements, so it runs under a policy without inline styles and under Trusted Types. uPlot is smaller (21 kB) but
 * has had no release for long; ECharts (160 kB) and billboard.js write HTML; Observable Plot adds style elements.
 *
 * None of them has keys. Here the drawing is a slider: arrow keys, Home and End move the tooltip from point to point,
 * and a screen reader says each point's words.
 */
import { CategoryScale, Chart, Filler, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js'
import type { ChartConfiguration, ScriptableLineSegmentContext } from 'chart.js'

Chart.register(LineController, LineElement, PointElement, LinearScale, CategoryScale, Filler, Tooltip)

type Row = { label: string; title: string; words: string; range: string; n: number; whole: boolean; values: [number, number, number] | null }
type Scale = { unit: string; lowest: number; highest: number }

/** Where the datasets are: the band is filled from its upper edge, the first, down to its lower one. */
const LOW = 1
const VALUE = 2

const readRow = ({ dataset }: HTMLTableRowElement): Row => ({
  label: dataset.label ?? '',
  title: dataset.title ?? '',
  words: dataset.words ?? '',
  range: dataset.range ?? '',
  n: Number(dataset.n),
  whole: !('part' in dataset),
  values: dataset.value === undefined ? null : [Number(dataset.value), Number(dataset.low), Number(dataset.high)],
})

const answers = (n: number): string => `${n} ${n === 1 ? 'answer' : 'answers'}`

/** What a point says, as lines of the tooltip; joined, as words of the slider. */
const told = (row: Row): string[] =>
  row.values ? [`${row.words}  (${row.range})`, answers(row.n)] : [row.n ? `${answers(row.n)}: too few for a score` : 'No answers']

const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()

/** The part of the scale that is drawn: all bands, to round numbers. */
const extent = (rows: Row[], { lowest, highest }: Scale): { min: number; max: number; step: number } => {
  const all = rows.flatMap((row) => row.values ?? [])
  const span = Math.max(...all) - Math.min(...all)
  const step = [0.25, 0.5, 1, 2, 5, 10, 20, 25, 50].find((one) => span / one <= 5) ?? 50
  const min = Math.floor(Math.min(...all) / step) * step
  const max = Math.ceil(Math.max(...all) / step) * step
  return { min: Math.max(lowest, min), max: Math.min(highest, max), step }
}

const tick = (value: number, unit: string): string => {
  if (unit === 'percent') return `${value}%`
  const text = unit === 'scale' ? value.toFixed(value % 1 ? 1 : 0) : String(Math.abs(value))
  return unit === 'points' && value ? `${value < 0 ? '−' : '+'}${text}` : text
}

const configuration = (rows: Row[], scale: Scale): ChartConfiguration<'line'> => {
  const { min, max, step } = extent(rows, scale)
  const line = (index: number) => rows.map((row) => row.values?.[index] ?? null)
  const inPart = ({ p0DataIndex, p1DataIndex }: ScriptableLineSegmentContext) =>
    rows[p0DataIndex]?.whole && rows[p1DataIndex]?.whole ? undefined : [4, 4]
  const edge = { borderWidth: 0, pointRadius: 0, pointHoverRadius: 0, pointHitRadius: 0, cubicInterpolationMode: 'monotone' as const, order: 1 }
  const few = rows.length <= 62
  return {
    type: 'line',
    data: {
      labels: rows.map((row) => row.label),
      datasets: [
        { ...edge, data: line(2), fill: LOW, backgroundColor: `${colour('range')}88` },
        { ...edge, data: line(1), fill: false },
        {
          data: line(0),
          borderColor: colour('accent'),
          borderWidth: 2.5,
          cubicInterpolationMode: 'monotone',
          clip: 8,
          segment: { borderDash: inPart },
          pointRadius: few ? 3.5 : 0,
          pointHoverRadius: 6,
          pointBorderWidth: 2,
          pointBackgroundColor: rows.map((row) => (row.whole ? colour('accent') : colour('paper'))),
          pointBorderColor: colour('accent'),
          pointHoverBorderWidth: 3,
          pointHoverBackgroundColor: colour('paper'),
        },
      ],
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      animation: false,
      interaction: { mode: 'index', intersect: false },
      layout: { padding: { top: 8, right: 8 } },
      scales: {
        x: {
          grid: { display: false },
          border: { color: colour('rule') },
          ticks: { color: colour('soft'), maxRotation: 0, autoSkipPadding: 24 },
        },
        y: {
          min,
          max,
          border: { display: false },
          grid: { color: ({ tick: { value } }) => colour(value === 0 && scale.lowest < 0 ? 'soft' : 'rule'), drawTicks: false },
          ticks: { color: colour('soft'), stepSize: step, padding: 8, callback: (value) => tick(Number(value), scale.unit) },
        },
      },
      plugins: {
        tooltip: {
          filter: ({ datasetIndex }) => datasetIndex === VALUE,
          displayColors: false,
          backgroundColor: colour('ink'),
          titleColor: colour('paper'),
          bodyColor: colour('paper'),
          padding: 12,
          cornerRadius: 8,
          caretPadding: 10,
          bodySpacing: 4,
          callbacks: {
            title: ([item]) => (item ? (rows[item.dataIndex]?.title ?? '') : ''),
            label: ({ dataIndex }) => told(rows[dataIndex]!),
          },
        },
      },
    },
  }
}

/** The drawing in one element, made again when its table or the colours change. */
class Drawing {
  private chart: Chart | null = null
  private rows: Row[] = []
  private at = 0

  constructor(private readonly box: HTMLElement) {
    box.setAttribute('role', 'slider')
    box.tabIndex = 0
    box.addEventListener('keydown', (event) => this.press(event))
    box.addEventListener('focus', () => box.matches(':focus-visible') && this.move(this.at))
    box.addEventListener('blur', () => this.point(null))
  }

  draw(): void {
    const table = document.getElementById(this.box.dataset.source ?? '') as HTMLTableElement | null
    if (!table) return
    const follows = this.at === this.rows.length - 1
    this.rows = [...table.tBodies].flatMap((body) => [...body.rows]).map(readRow)
    if (!this.chart || follows || this.at >= this.rows.length) this.at = this.rows.length - 1
    const { unit = '', lowest, highest } = table.dataset
    Chart.defaults.font = { ...Chart.defaults.font, family: getComputedStyle(document.body).fontFamily, size: 13 }
    const made = configuration(this.rows, { unit, lowest: Number(lowest), highest: Number(highest) })
    if (this.chart) {
      this.chart.data = made.data
      this.chart.options = made.options!
      this.chart.update('none')
    } else {
      const canvas = document.createElement('canvas')
      this.box.replaceChildren(canvas)
      this.chart = new Chart(canvas, made)
    }
    this.tell()
    if (this.box.matches(':focus-visible')) this.point(this.at)
  }

  private press(event: KeyboardEvent): void {
    const last = this.rows.length - 1
    const steps: Record<string, number> = {
      ArrowLeft: this.at - 1, ArrowDown: this.at - 1, ArrowRight: this.at + 1, ArrowUp: this.at + 1,
      PageDown: this.at - 5, PageUp: this.at + 5, Home: 0, End: last,
    }
    if (event.key === 'Escape') this.point(null)
    const to = steps[event.key]
    if (to === undefined) return
    event.preventDefault()
    this.move(Math.min(last, Math.max(0, to)))
  }

  private move(to: number): void {
    this.at = to
    this.tell()
    this.point(to)
  }

  private tell(): void {
    const row = this.rows[this.at]
    if (!row) return
    const values = { label: this.box.dataset.title, valuemin: 0, valuemax: this.rows.length - 1, valuenow: this.at }
    const words = { ...values, valuetext: [row.title, ...told(row)].join(', ').replace('  ', ' ') }
    for (const [name, value] of Object.entries(words)) this.box.setAttribute(`aria-${name}`, String(value))
  }

  /** Show the tooltip of one point, or of none. */
  private point(index: number | null): void {
    const chart = this.chart
    if (!chart) return
    const shown = index !== null && this.rows[index]?.values ? [{ datasetIndex: VALUE, index }] : []
    chart.setActiveElements(shown)
    chart.tooltip?.setActiveElements(shown, { x: 0, y: 0 })
    chart.update('none')
  }
}

const drawings = new Map<HTMLElement, Drawing>()

const drawAll = (): void => {
  for (const box of drawings.keys()) if (!box.isConnected) drawings.delete(box)
  for (const box of document.querySelectorAll<HTMLElement>('.chart[data-source]')) {
    const drawing = drawings.get(box) ?? new Drawing(box)
    drawings.set(box, drawing)
    drawing.draw()
  }
}

document.addEventListener('tactful:swapped', drawAll)
for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
  matchMedia(query).addEventListener('change', drawAll)
}
drawAll()
