import { counterStack } from '../../../app/entry-points.ts'
import type { LabContext } from '../../../messages/say.ts'
import {
  observeDuring,
  stackCluster,
  type ObservationResult,
  type ObserveOptions,
  type TimelineRecorder,
} from '../../../methods/observe.ts'

interface ObserveAppOptions extends Omit<ObserveOptions, 'cluster'> {
  /** Managers to query for task placement, in this order. Default: the experiment's first host. */
  readonly managers?: readonly string[]
}

/** Runs `body` while requests are sent to the Counter app through every node. */
export const observeApp = <T>(
  on: LabContext,
  { managers, ...options }: ObserveAppOptions,
  body: (watching: TimelineRecorder) => Promise<T>,
): Promise<ObservationResult<T>> =>
  observeDuring(on, { ...options, cluster: stackCluster(on, counterStack(on), managers) }, body)
