import type { Exhibit, Finding } from '../events/events.ts'
import type { LinesChart, TimelineChart } from '../events/chart.ts'
import { messageText, type Text } from '../events/message.ts'
import type { Messages } from './messages/index.ts'

/** A text without values, such as a name: its translation, or itself. */
export const translated = (text: string, { texts }: Messages): string => texts.template(text) ?? text

/** A text in the language of the report. Without a translation it stays in English. */
export const textIn = (text: Text, messages: Messages): string =>
  typeof text === 'string' ? translated(text, messages) : messageText(text, messages.texts)

const labelIn = <L extends { readonly label: Text }>(labelled: L, messages: Messages) => ({
  ...labelled,
  label: textIn(labelled.label, messages),
})

/** A line chart with its texts in the language of the report. */
export const translatedLines = (chart: LinesChart, messages: Messages): LinesChart<string> => ({
  ...chart,
  title: textIn(chart.title, messages),
  x: labelIn(chart.x, messages),
  y: labelIn(chart.y, messages),
  series: chart.series.map((series) => ({ ...series, name: textIn(series.name, messages) })),
  marks: (chart.marks ?? []).map((mark) => labelIn(mark, messages)),
})

/** The events of a timeline in the language of the report. Names of hosts and tasks stay. */
export const translatedEvents = ({ events }: TimelineChart, messages: Messages): TimelineChart<string>['events'] =>
  events.map((event) => labelIn(event, messages))

/** An exhibit with the texts that Labbook wrote in the language of the report. Output of hosts stays as it is. */
export function translatedExhibit<E extends Pick<Exhibit, 'title' | 'command' | 'stdout' | 'messages'>>(
  exhibit: E,
  messages: Messages,
): E {
  const { title, messages: asData = {} } = exhibit
  return {
    ...exhibit,
    title: textIn(asData.title ?? title, messages),
    ...(asData.command === undefined ? {} : { command: textIn(asData.command, messages) }),
    ...(asData.stdout === undefined ? {} : { stdout: textIn(asData.stdout, messages) }),
  }
}

/** A finding with its texts in the language of the report. Texts without a translation stay in English. */
export function translatedFinding<F extends Pick<Finding, 'statement' | 'detail' | 'messages' | 'measured'>>(
  finding: F,
  messages: Messages,
): F {
  const { statement, detail, messages: asData, measured } = finding
  return {
    ...finding,
    statement: textIn(asData?.statement ?? statement, messages),
    ...(detail === undefined ? {} : { detail: textIn(asData?.detail ?? detail, messages) }),
    ...(measured === undefined
      ? {}
      : {
          measured: measured.map(({ name, unit, values }) => ({
            name: translated(name, messages),
            unit: translated(unit, messages),
            values,
          })),
        }),
  }
}
