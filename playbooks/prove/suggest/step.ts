import { type Experiment, type Message } from 'labbook'
import { labExperiment, hostText, tableOf, say } from '../../messages/say.ts'
import { readSubject } from '../compose-file.ts'
import type { Outcome } from '../../methods/experiment-series.ts'
import type { ProveRun } from '../session.ts'
import { readSource } from '../../stack/request.ts'
import { changesFor } from './rules.ts'
import { changeText, isTriable, suggest } from './suggest.ts'

/** Suggests changes for the findings that do not hold. */
export const suggestChanges = (run: ProveRun): Experiment =>
  labExperiment(
    'Suggest changes of the compose file',
    { hosts: 'swarm_managers[0]', tags: ['prove', 'proof'], disturbs: false, assertions: {} },
    (on) => {
      const { session } = run
      if (session === undefined || run.outcomes.every(({ holds }) => holds !== false)) return
      const { request } = readSubject(on.hostvars(on.hosts[0] as string))
      if (request === undefined) {
        for (const change of changesFor(run.outcomes, { model: session.model, nodes: session.nodes.length }))
          on.log(say('suggested: {change}', { change: changeText(change) }))
        return
      }
      const source = readSource(request.file)
      const suggestion = suggest({ text: source.text, shown: source.path }, session, run.outcomes)
      for (const change of suggestion.changes) on.log(say('suggested: {change}', { change: changeText(change) }))
      for (const change of suggestion.byHand)
        on.log(say('suggested, to make by hand: {change}', { change: changeText(change) }))
      const unanswered = run.outcomes.filter(({ holds }) => holds === false).length
      if (suggestion.diff === '') {
        on.log(say('no change is known for {n|finding|findings} without a suggestion', { n: unanswered }))
        return
      }
      const tried = suggest({ text: source.text, shown: source.path }, session, run.outcomes, (change) =>
        isTriable(change, session.model, run.named),
      )
      if (tried.diff !== '') run.suggestedText = tried.text
      on.record({
        title: 'Suggested changes',
        command: say('changes of {file}; findings that do not hold: {n}', { file: source.path, n: unanswered }),
        stdout: hostText(suggestion.diff),
        durationMs: 0,
        data: [{ name: 'compose.yaml', text: suggestion.text }],
      })
      on.log(hostText(suggestion.diff))
    },
  )

const verdictText = (outcome: Outcome | undefined): Message =>
  say(outcome === undefined || outcome.holds === null ? 'inconclusive' : outcome.holds ? 'holds' : 'does not hold')

/** Compares the findings that did not hold with those after the changes. */
export const compareRuns = (before: ProveRun, after: ProveRun): Experiment =>
  labExperiment(
    'Compare the findings before and after the changes',
    { hosts: 'swarm_managers[0]', tags: ['prove', 'proof'], disturbs: false, assertions: {} },
    (on) => {
      const failed = before.outcomes.filter(({ holds }) => holds === false)
      if (failed.length === 0 || before.suggestedText === undefined) return
      const rows = failed.map((outcome) => {
        const { kind, claim, service } = outcome
        const again = after.outcomes.find(
          (each) => each.kind === kind && each.claim === claim && each.service === service,
        )
        return [before.findingId(kind, claim, service), verdictText(outcome), verdictText(again)] as const
      })
      on.record({
        title: 'Findings before and after the changes',
        command: 'the experiments whose findings did not hold, with the suggested changes',
        stdout: tableOf([[say('FINDING'), say('BEFORE'), say('AFTER')], ...rows]),
        durationMs: 0,
      })
      for (const [id, old, now] of rows) on.log(say('{id}: {old}; with the changes: {now}', { id, old, now }))
    },
  )
