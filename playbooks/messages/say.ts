import {
  type Chart,
  type Exhibit,
  type ExhibitOptions,
  experiment,
  type Experiment,
  type Message,
  type MessageList,
  type MessageTable,
  type MessageValue,
  type PlaceholdersOf,
  type RecordOptions,
  sayIn,
  type SetupContext,
  type Verdict,
  type WatchOptions,
  type WatchResult,
} from 'labbook'
import type { RUSSIAN } from './ru.ts'

/*
 * The texts of findings: each is a key of the catalogue of every language, so that one without a translation does not
 * compile. `src/events/message.ts` has the syntax.
 */

/** A text that every language has. */
export type MessageKey = keyof typeof RUSSIAN

/** A text without values that every language has. */
export type PlainKey = { [Key in MessageKey]: [PlaceholdersOf<Key>] extends [never] ? Key : never }[MessageKey]

/** A text with values, for a finding. */
export const say = sayIn<MessageKey>()

/** Output of a host, or a name: no language has another text for it. */
export const verbatim = (text: string): Message => ({ id: '{text}', values: { text } })

/** Several texts in one. */
export const joinTexts = (list: readonly MessageValue[], separator = ', '): MessageList => ({ list, separator })

/** `0.04 s`, `5.1 s`, `12 s` */
export const inSeconds = (value: number): Message =>
  say('{seconds} s', { seconds: value.toFixed(value >= 10 ? 0 : value > 0 && value < 0.1 ? 2 : 1) })

/** A verdict whose detail and names of measured values can be translated. */
export type LabVerdict = Omit<Verdict, 'detail' | 'measured'> & {
  readonly detail?: Message | MessageList
  readonly measured?: Readonly<Partial<Record<MessageKey, readonly [value: number, unit: MessageKey | '' | '%']>>>
}

/** A text of an exhibit or a chart, which can be translated. */
export type LabText = MessageKey | Message

/** A chart whose texts can be translated. */
export type LabChart = Chart<LabText>

/** A measurement whose texts can be translated. */
export type LabRecord = Titled<Omit<RecordOptions, 'chart' | 'command' | 'stdout'>> & {
  readonly command: LabText | HostText
  readonly stdout: LabOutput | HostText
  readonly chart?: LabChart
}

declare const HOST: unique symbol

/** A command, or output of a host, or a table of names and numbers: no language has another text for it. */
export type HostText = string & { readonly [HOST]: true }
export const hostText = (text: string): HostText => text as HostText

/** What a measurement printed. */
export type LabOutput = Message | MessageList | MessageTable

/** Lines, of which some are tables. */
export const lines = (...texts: readonly MessageValue[]): MessageList => ({ list: texts, separator: '\n' })

/** A table whose cells can be translated. */
export const tableOf = (table: MessageTable['table'], align?: NonNullable<MessageTable['align']>): MessageTable =>
  align === undefined ? { table } : { table, align }

type Titled<Options> = Omit<Options, 'title'> & { readonly title: LabText }

/** The context of an experiment without findings, for the steady-state check and the rollback. */
export interface LabSetupContext extends Omit<SetupContext, 'exhibit' | 'watch' | 'record' | 'log'> {
  exhibit(command: Titled<ExhibitOptions>): Promise<Exhibit>
  watch(options: Titled<WatchOptions>): Promise<WatchResult>
  record(what: LabRecord): Exhibit
  log(message: LabText | MessageList | HostText, level?: 'info' | 'warning'): void
}

/** The API for experiments, whose findings and exhibits can be translated. */
export interface LabContext extends LabSetupContext {
  finding(id: string, verdict: LabVerdict): void
  inconclusive(why: Message, evidence?: LabVerdict['evidence']): void
}

type Texts = Readonly<Record<string, MessageKey | Message>>

/** What `experiment` takes, with texts that can be translated. */
export type LabExperimentOptions = Omit<
  Experiment,
  'kind' | 'name' | 'method' | 'assertions' | 'questions' | 'hypothesis' | 'steadyState' | 'rollback'
> & {
  readonly assertions: Texts | (() => Texts)
  readonly questions?: Texts
  readonly hypothesis?: MessageKey
  readonly steadyState?: (on: LabSetupContext) => Promise<void>
  readonly rollback?: (on: LabSetupContext) => Promise<void>
}

/** Defines an experiment of this project. */
export const labExperiment = (
  name: string,
  options: LabExperimentOptions,
  method: (on: LabContext) => Promise<void> | void,
): Experiment => experiment(name, options, method)
