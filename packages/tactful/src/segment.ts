/**
 * A plugin for `@segment/analytics-next`: who identifies, groups, tracks and resets there does so here too, so that a
 * page with Segment needs no second snippet. It knows Segment by shape alone and needs none of its code.
 *
 * Segment remembers a user from page to page; Tactful believes only what this page says. So whom Segment remembers is
 * told once, when the plugin is loaded. And Tactful notices by itself when a page has another address, so `page` is
 * forwarded only where it says what cannot be noticed: another view at the same address.
 */
import { group, identify, init, page, reset, track, type Options, type Proof, type Traits } from './index.js'

export interface PluginOptions extends Options {
  /** The proof of a user id, for users whom Segment remembers or whose `identify` carries none. */
  proof?: (userId: string) => Proof | undefined
}

/** The part of Segment's event that is forwarded. */
interface SegmentEvent {
  userId?: string | null
  groupId?: string | null
  event?: string
  traits?: object | null
  properties?: object | null
  /** `integrations: { Tactful: { user_hash } }` is the proof of this one call. */
  integrations?: Record<string, unknown>
}

interface SegmentContext {
  event: SegmentEvent
}

interface Remembered {
  id(): string | null | undefined
  traits(): object | null | undefined
}

interface SegmentAnalytics {
  user(): Remembered
  group(): Remembered
  on(what: 'reset', listener: () => void): unknown
}

type Forward = <Context extends SegmentContext>(context: Context) => Context

export interface TactfulPlugin {
  name: string
  type: 'destination'
  version: string
  isLoaded(): boolean
  load(context: unknown, analytics: SegmentAnalytics): Promise<void>
  identify: Forward
  group: Forward
  track: Forward
  page: Forward
}

const forwarding =
  (forward: (event: SegmentEvent) => void): Forward =>
  (context) => {
    forward(context.event)
    return context
  }

/** Where the page is, without its query; a fragment counts only if it is a route. The loader compares the same. */
const address = (): string | undefined => location.href.split(/\?|#[^/!]/)[0]

/** The plugin, for `analytics.register(tactfulPlugin({ host, key }))`. */
export const tactfulPlugin = ({ proof, ...options }: PluginOptions): TactfulPlugin => {
  let seen: string | undefined
  const named = (userId: string | null | undefined, traits: object | null | undefined, own?: unknown): void => {
    if (userId) identify(userId, { ...traits }, own && typeof own == 'object' ? own : proof?.(userId))
  }
  const belongs = (groupId: string | null | undefined, traits: object | null | undefined): void => {
    if (groupId) group(groupId, { ...traits })
  }
  return {
    name: 'Tactful',
    type: 'destination',
    version: '1',
    isLoaded: () => true,
    load: async (_, analytics) => {
      init(options as Options)
      named(analytics.user().id(), analytics.user().traits())
      belongs(analytics.group().id(), analytics.group().traits())
      analytics.on('reset', reset)
    },
    identify: forwarding(({ userId, traits, integrations }) => named(userId, traits, integrations?.['Tactful'])),
    group: forwarding(({ groupId, traits }) => belongs(groupId, traits)),
    track: forwarding(({ event, properties }) => {
      if (event) track(event, properties as Traits)
    }),
    page: forwarding(({ properties }) => {
      if (seen == (seen = address())) page(properties as Traits)
    }),
  }
}
