/** What happened in a login so far, for the error. */
export interface LoginRecord {
  /** Names of the methods that were offered. */
  readonly offered: ReadonlySet<string>
  /** Names of the methods that the server accepted, if it demands more than one. */
  readonly accepted: ReadonlySet<string>
  /** The methods that the server listed last. */
  readonly listed: readonly string[] | undefined
  /** Why keys were not offered. */
  readonly problems: readonly string[]
  /** Text that the server shows to the user. */
  readonly messages: string[]
  /** A prompt that no setting answers. */
  readonly unanswered: string | undefined
  /** The number of keys that the agent holds and Labbook may offer. */
  readonly agentKeys: number
  /** Whether a request waits for the agent. */
  readonly isAgentBusy: boolean
}
