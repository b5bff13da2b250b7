import type { Exhibit, Message } from 'labbook'
import type { LabContext, LabSetupContext, LabText, LabVerdict } from '../messages/say.ts'
import type { ObservationResult, TimelineRecorder } from './observe.ts'
import type { RequestVerdict } from './verdicts.ts'

/** A service or workload that an experiment scales. */
export interface ScaledService {
  readonly name: string
  readonly replicas: number
}

/** How replicas of a service are set and waited for. */
export interface Scaler {
  /** Name of the service, for titles. */
  readonly service: string
  /** Sets the number of replicas, without waiting for them. */
  readonly command: (replicas: number) => {
    readonly command: string
    readonly host?: string
    readonly become?: boolean
  }
  /** Waits until that many run. The error says why one does not; empty if it is not known. */
  readonly watch: (
    replicas: number,
  ) => Promise<{ readonly reached: boolean; readonly exhibit: Exhibit; readonly error: string }>
}

/** What Swarm and Kubernetes do differently in the same experiment. */
export interface Orchestrator<Service extends ScaledService, Session> {
  /** Runs `body` while requests are sent to every entry point. */
  readonly observe: <T>(
    on: LabContext,
    session: Session,
    title: LabText,
    body: (watching: TimelineRecorder) => Promise<T>,
  ) => Promise<ObservationResult<T>>
  /** Completes a verdict about an observation: its timeline is evidence, and what else disturbed it counts. */
  readonly judge: (
    on: LabContext,
    observed: Pick<ObservationResult<unknown>, 'exhibit'>,
    verdict: RequestVerdict & { readonly evidence?: readonly Exhibit[] },
  ) => Promise<LabVerdict>
  readonly scaler: (on: LabSetupContext, session: Session, service: Service) => Scaler
  /** @returns why the services do not run; undefined once they do. */
  readonly awaitSteadyState: (on: LabSetupContext, session: Session) => Promise<Message | undefined>
}
