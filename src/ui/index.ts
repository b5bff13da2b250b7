export { chooseScreen } from './choose.ts'
export { askHosts, askPassword, canAsk, Cancelled, confirm } from './prompts.ts'
export type { Closing, ClosingLine, Ending, Screen } from './screen.ts'
