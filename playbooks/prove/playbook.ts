import { messageText } from 'labbook'
import { KIND_NAMES, KINDS, type ExperimentKind } from './kinds.ts'
import { modelTables, planTables } from './preview.ts'
import { proveSteps, selectedModel } from './steps.ts'
import { proveVars } from './vars.ts'
import { projectPlaybook } from '../project.ts'

const ALL = 'all'

const kindsOf = (words: readonly string[]): readonly ExperimentKind[] =>
  words.length === 0 || words.includes(ALL) ? KIND_NAMES : KIND_NAMES.filter((kind) => words.includes(kind))

export default projectPlaybook({
  name: 'prove',
  description:
    'Proves a stack: deploys a compose file (-e file=compose.yaml), or uses a running stack (-e stack=NAME), and watches it under ' +
    'faults. --list shows what would be tried, on which service.',
  subcommands: {
    [ALL]: 'all experiments',
    ...Object.fromEntries(KIND_NAMES.map((kind) => [kind, KINDS[kind].title])),
  },
  multipleSubcommands: true,
  steps: (words, vars) => proveSteps(kindsOf(words), vars),
  preview: (words, vars) => {
    const model = selectedModel(vars)
    if (model === undefined) return ''
    const { services } = proveVars.read(vars)
    return [messageText(modelTables(model)), '', ...planTables(model, kindsOf(words), services), '', ''].join('\n')
  },
})
