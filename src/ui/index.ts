export { chooseScreen } from './choose.ts'
export { askHosts, askPassword, canAsk, Cancelled, confirm } from './prompts.ts'
export type { Screen } from './screen.ts'
