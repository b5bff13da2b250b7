import { type Experiment, tableLines } from 'labbook'
import { labExperiment } from '../../messages/say.ts'
import { readSubject } from '../compose-file.ts'
import { findingId } from '../experiments/service-experiment.ts'
import type { Outcome, ProveRun } from '../session.ts'
import { readSource } from '../../stack/request.ts'
import { changesFor } from './rules.ts'
import { describeChange, isTriable, suggest } from './suggest.ts'

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
          on.log(`suggested: ${describeChange(change)}`)
        return
      }
      const source = readSource(request.file)
      const suggestion = suggest({ text: source.text, shown: source.path }, session, run.outcomes)
      for (const change of suggestion.changes) on.log(`suggested: ${describeChange(change)}`)
      for (const change of suggestion.byHand) on.log(`suggested, to make by hand: ${describeChange(change)}`)
      const unanswered = run.outcomes.filter(({ holds }) => holds === false).length
      if (suggestion.diff === '') {
        on.log(`no change is known for ${unanswered} findings that do not hold`)
        return
      }
      const tried = suggest({ text: source.text, shown: source.path }, session, run.outcomes, (change) =>
        isTriable(change, session.model, run.named),
      )
      if (tried.diff !== '') run.suggestedText = tried.text
      on.record({
        title: 'Suggested changes',
        command: `changes of ${source.path} for ${unanswered} findings that do not hold`,
        stdout: suggestion.diff,
        durationMs: 0,
        data: [{ name: 'compose.yaml', text: suggestion.text }],
      })
      on.log(suggestion.diff)
    },
  )

const verdictText = (outcome: Outcome | undefined): string =>
  outcome === undefined || outcome.holds === null ? 'inconclusive' : outcome.holds ? 'holds' : 'does not hold'

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
        return [findingId(before.prefix, kind, claim, service), verdictText(outcome), verdictText(again)] as const
      })
      on.record({
        title: 'Findings before and after the changes',
        command: 'the experiments whose findings did not hold, with the suggested changes',
        stdout: tableLines([['FINDING', 'BEFORE', 'AFTER'], ...rows]).join('\n'),
        durationMs: 0,
      })
      for (const [id, old, now] of rows) on.log(`${id}: ${old}; with the changes: ${now}`)
    },
  )
