import type { LabContext, LabText } from '../messages/say.ts'
import { observeDuring, stackCluster, type ObservationResult, type TimelineRecorder } from '../methods/observe.ts'
import type { Session } from './session.ts'
import { currentTargets } from '../methods/steady-state.ts'

/** Runs `body` while requests are sent to every entry point. */
export async function observeStack<T>(
  on: LabContext,
  session: Session,
  title: LabText,
  body: (watching: TimelineRecorder) => Promise<T>,
): Promise<ObservationResult<T>> {
  const cluster = stackCluster(on, {
    stack: session.stack,
    services: session.model.services.map(({ name }) => name),
    targets: await currentTargets(on, session),
  })
  return await observeDuring(on, { title, cluster }, body)
}
